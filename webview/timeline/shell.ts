/** The page's fixed parts: tool bar, problems, ruler, scrolling stage, panel, messages. */
import { formatCount } from '../../src/common/units';
import { button } from '../common/controls';
import { element } from './dom';
import { strings } from './strings';

export interface Shell {
  root: HTMLElement;
  toolbar: HTMLElement;
  problems: HTMLElement;
  stage: HTMLElement;
  ruler: HTMLCanvasElement;
  corner: HTMLElement;
  scroller: HTMLElement;
  spacer: HTMLElement;
  sticky: HTMLElement;
  canvas: HTMLCanvasElement;
  tip: HTMLElement;
  message: HTMLElement;
  live: HTMLElement;
}

export function buildShell(root: HTMLElement): Shell {
  const ruler = element('canvas', { class: 'ruler', 'aria-hidden': 'true' });
  const corner = element('div', { class: 'corner' });
  const canvas = element('canvas', {
    class: 'rows',
    tabindex: '0',
    role: 'application',
    'aria-label': strings.canvas,
  });
  const sticky = element('div', { class: 'sticky' });
  const spacer = element('div', { class: 'spacer' }, sticky);
  const scroller = element('div', { class: 'scroller', tabindex: '-1' }, spacer);
  const tip = element('div', { class: 'tip', role: 'presentation', hidden: '' });
  const stage = element(
    'div',
    { class: 'stage' },
    element('div', { class: 'top' }, corner, ruler),
    scroller,
    tip,
  );
  const toolbar = element('div', { class: 'toolbar' });
  const problems = element('div', { class: 'problems', role: 'status', hidden: '' });
  const message = element('div', { class: 'message' });
  const live = element('div', { class: 'unseen', 'aria-live': 'polite' });
  root.replaceChildren(toolbar, problems, stage, message, live);
  return {
    root,
    toolbar,
    problems,
    stage,
    ruler,
    corner,
    scroller,
    spacer,
    sticky,
    canvas,
    tip,
    message,
    live,
  };
}

/** The buttons at the right end of the tool bar. */
export function zoomButtons(actions: { zoom(factor: number, at: number): void; fit(): void }): HTMLElement {
  const zoomButton = (text: string, label: string, factor: number): HTMLElement =>
    button({
      text,
      label,
      appearance: 'icon',
      onClick: () => {
        actions.zoom(factor, 0.5);
      },
    });
  return element(
    'div',
    { class: 'zoom' },
    zoomButton('−', strings.zoomOut, 1.6),
    zoomButton('+', strings.zoomIn, 1 / 1.6),
    button({
      text: strings.fit,
      label: strings.fitLabel,
      onClick: () => {
        actions.fit();
      },
    }),
  );
}

/** Reading, with a bar; it replaces the stage. */
export function showProgress(shell: Shell, file: string, fraction: number): void {
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  let bar = shell.message.querySelector('progress');
  if (!bar) {
    bar = element('progress', { max: '100', 'aria-label': strings.loadingFirst });
    shell.message.replaceChildren(element('p', {}), bar);
  }
  bar.value = percent;
  shell.message.querySelector('p')!.textContent = file
    ? strings.loading(file, percent)
    : strings.loadingFirst;
}

export function showFailure(shell: Shell, message: string, fix: string | undefined, retry: () => void): void {
  const text = element(
    'div',
    { role: 'alert' },
    element('h2', {}, strings.failed),
    element('p', {}, message),
  );
  if (fix) text.append(element('p', { class: 'muted' }, fix));
  shell.message.replaceChildren(text, button({ text: strings.retry, appearance: 'primary', onClick: retry }));
}

export function showEmpty(shell: Shell): void {
  shell.message.replaceChildren(
    element('h2', {}, strings.empty),
    element('p', { class: 'muted' }, strings.emptyFix),
  );
}

/** The bar of problems: the first one in words, the others on demand. */
export function showProblems(
  shell: Shell,
  problems: { message: string; fix?: string; offset?: number }[],
  changed: () => void,
): void {
  shell.problems.hidden = problems.length === 0;
  if (problems.length === 0) return;
  const items = problems.map(({ message, fix, offset }) => {
    const where = offset === undefined ? '' : ` ${strings.atByte(formatCount(offset))}`;
    return element('li', {}, `${message}${where}${fix ? ` ${fix}` : ''}`);
  });
  const list = element('ul', {}, ...items);
  const content =
    problems.length === 1
      ? list
      : element('details', {}, element('summary', {}, strings.problems(problems.length)), list);
  content.addEventListener('toggle', changed);
  const dismiss = button({
    text: '✕',
    label: strings.dismiss,
    appearance: 'icon',
    onClick: () => {
      shell.problems.hidden = true;
      changed();
    },
  });
  shell.problems.replaceChildren(
    element('span', { class: 'sign', 'aria-hidden': 'true' }, '⚠'),
    content,
    dismiss,
  );
}
