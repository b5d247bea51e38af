import type { Finding } from './finding';

const groups: readonly (readonly [heading: string, mark: string, has: (finding: Finding) => boolean])[] = [
  ['Problems', '✗', ({ severity }) => severity === 'problem'],
  ['Warnings', '!', ({ severity }) => severity === 'warning'],
  ['Notes', '·', ({ severity, unknown }) => severity === 'note' && !unknown],
  ['Not known', '?', ({ unknown }) => unknown === true],
  ['All right', '✓', ({ severity }) => severity === 'ok'],
];

/** The findings for a terminal, worst first; commands stand on lines of their own, to be copied. */
export function doctorReport(target: string, findings: readonly Finding[]): string {
  const lines = [`Profiling environment of ${target}`];
  for (const [heading, mark, has] of groups) {
    const found = findings.filter(has);
    if (found.length === 0) continue;
    lines.push('', heading);
    for (const finding of found) lines.push(...entry(finding, mark));
  }
  return `${lines.join('\n')}\n`;
}

function entry({ severity, title, detail, fix }: Finding, mark: string): string[] {
  // What is all right takes one line: the reader looks for what is not.
  if (severity === 'ok' && !fix)
    return [`  ${mark} ${title}${detail && detail !== title ? ` (${detail.replace(/\.$/, '')})` : ''}`];
  const lines = [`  ${mark} ${title}`];
  if (detail) lines.push(`      ${detail}`);
  if (fix) {
    lines.push(`      ${fix.text}`);
    if (fix.command) lines.push(`        ${fix.command}`);
    if (fix.devcontainer) lines.push(`        devcontainer.json: ${fix.devcontainer.snippet}`);
  }
  return lines;
}
