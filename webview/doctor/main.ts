/** The doctor's report: groups of findings, worst first, each with its fix and what can be done with it. */
import type { DoctorFinding, FromDoctor, ToDoctor } from '../../src/common/protocol';
import { button } from '../common/controls';
import { element } from '../timeline/dom';
import { icon, type Kind } from './icons';

declare function acquireVsCodeApi(): { postMessage(message: FromDoctor): void };

const host = acquireVsCodeApi();
const app = document.getElementById('app') ?? document.body.appendChild(document.createElement('main'));
const kinds: readonly Kind[] = ['problem', 'warning', 'note', 'unknown', 'ok'];

addEventListener('message', (event: MessageEvent<ToDoctor>) => {
  show(event.data);
});
host.postMessage({ type: 'ready' });

function show(report: ToDoctor): void {
  const { strings, findings } = report;
  const again = button({
    text: strings.again,
    onClick: () => {
      host.postMessage({ type: 'again' });
    },
  });
  const numbered = findings.map((finding, index) => ({ finding, index }));
  const groups = kinds.map((kind) => numbered.filter(({ finding }) => kindOf(finding) === kind));
  app.replaceChildren(
    element('header', {}, element('h1', {}, strings.heading), again),
    ...kinds.flatMap((kind, at) => {
      const found = groups[at] ?? [];
      return found.length > 0 ? [group(report, kind, found)] : [];
    }),
  );
  document.documentElement.dataset.state = 'ready';
}

function kindOf(finding: DoctorFinding): Kind {
  return finding.unknown ? 'unknown' : finding.severity;
}

function group(
  report: ToDoctor,
  kind: Kind,
  found: { finding: DoctorFinding; index: number }[],
): HTMLElement {
  const heading = `${report.strings.groups[kind]} (${found.length})`;
  const list = element('ul', {}, ...found.map(({ finding, index }) => row(report, finding, index, kind)));
  // What needs nobody's attention takes one line until it is asked for.
  if (kind === 'ok' || kind === 'unknown') {
    return element('details', { class: 'group' }, element('summary', {}, element('h2', {}, heading)), list);
  }
  return element('section', { class: 'group' }, element('h2', {}, heading), list);
}

function row(
  { strings, canInsert }: ToDoctor,
  finding: DoctorFinding,
  index: number,
  kind: Kind,
): HTMLElement {
  const { title, detail, fix } = finding;
  const body = element('div', { class: 'body' }, element('h3', {}, title));
  if (detail) body.append(element('p', {}, detail));
  if (fix) {
    body.append(element('p', { class: 'fix' }, fix.text));
    if (fix.command !== undefined) {
      body.append(element('code', {}, fix.command));
      body.append(actions(copyButton(strings.copyCommand, strings.copied, index, 'command', title)));
    }
    const line = fix.devcontainer?.snippet;
    if (line !== undefined) {
      body.append(element('p', { class: 'file' }, 'devcontainer.json'), element('code', {}, line));
      const insert = button({
        text: strings.insert,
        label: `${strings.insertLabel}: ${line}`,
        onClick: () => {
          host.postMessage({ type: 'insert', finding: index });
        },
      });
      body.append(
        actions(
          ...(canInsert ? [insert] : []),
          copyButton(strings.copyLine, strings.copied, index, 'line', title),
        ),
      );
    }
  }
  return element('li', { class: kind, 'data-id': finding.id }, icon(kind, strings.groups[kind]), body);
}

function actions(...buttons: HTMLElement[]): HTMLElement {
  return element('div', { class: 'actions' }, ...buttons);
}

const copiedMs = 1500;
const said = document.body.appendChild(element('p', { role: 'status', class: 'unseen' }));

/** Says for a moment that it was done, to the eye and to a screen reader. */
function copyButton(
  text: string,
  done: string,
  finding: number,
  what: 'command' | 'line',
  title: string,
): HTMLElement {
  const node = button({
    text,
    label: `${text}: ${title}`,
    onClick: () => {
      host.postMessage({ type: 'copy', finding, what });
      node.textContent = done;
      said.textContent = done;
      setTimeout(() => {
        node.textContent = text;
        said.textContent = '';
      }, copiedMs);
    },
  });
  return node;
}
