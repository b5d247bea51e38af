export type Severity = 'ok' | 'note' | 'warning' | 'problem';

/** A line of devcontainer.json: where it goes, what goes there (a list is added to the one there), and how it reads. */
export interface DevcontainerLine {
  path: string[];
  value: unknown;
  snippet: string;
}

export interface Fix {
  text: string;
  /** To be run as it stands; an option of the engine's command line begins with `--`. */
  command?: string;
  devcontainer?: DevcontainerLine;
}

/** One thing that was looked at: what was measured, and what it means for a profile. */
export interface Finding {
  id: string;
  severity: Severity;
  title: string;
  detail: string;
  fix?: Fix;
  /** It could not be asked, and `detail` says why: never counted as all right. */
  unknown?: true;
}

export function notKnown(id: string, title: string, why: string): Finding {
  return { id, severity: 'note', title: `${title}: not known`, detail: sentence(why), unknown: true };
}

/** With a full stop, and without the further lines that tools print. */
export function sentence(text: string): string {
  const [first = ''] = text.trim().split('\n');
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** A line of devcontainer.json, as it reads in an otherwise empty file. */
export function devcontainerLine(path: string[], value: unknown): DevcontainerLine {
  const [name = '', ...inner] = path;
  const whole = inner.reduceRight((held: unknown, key) => ({ [key]: held }), value);
  const text = JSON.stringify(whole, undefined, 1)
    .replaceAll(/\n\s*/g, ' ')
    .replace(/^\[ (.*) \]$/, '[$1]');
  return { path, value, snippet: `${JSON.stringify(name)}: ${text}` };
}

const order: Record<Severity, number> = { problem: 0, warning: 1, note: 2, ok: 3 };

/** Worst first; what is not known comes before what is all right. Order within a severity is kept. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  const rank = (finding: Finding): number => (finding.unknown ? 2.5 : order[finding.severity]);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}
