import { escapeMarkup } from '../../common/markup';
import { isText, textOf, type Block, type Cell } from './blocks';

/** How a page is to be shown. */
export interface PageOptions {
  title: string;
  /** Makes a link of a place in the source; without it places are text. */
  link?: (place: { file: string; line: number }) => string;
  /** Style of the page; that of a file of its own by default. */
  css?: string;
  /** Content security policy; by default one that loads nothing at all. */
  policy?: string;
}

/** A report as one page without scripts, that loads nothing. */
export function toHtml(blocks: readonly Block[], options: PageOptions): string {
  const policy = options.policy ?? "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeMarkup(options.title)}</title>`,
    `<style>${pageCss}${options.css ?? fileCss}</style>`,
    '</head>',
    '<body>',
    '<main>',
    ...blocks.map((block) => blockHtml(block, options)),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function blockHtml(block: Block, options: PageOptions): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${escapeMarkup(block.text)}</h${block.level}>`;
    case 'text':
      return `<p${block.tone ? ` class="${block.tone}"` : ''}>${escapeMarkup(block.text)}</p>`;
    case 'table': {
      const side = (i: number): string => (isText(block, i) ? '' : ' class="figure"');
      const head = block.heads
        .map((text, i) => `<th scope="col"${side(i)}>${escapeMarkup(text)}</th>`)
        .join('');
      const rows = block.rows.map(
        (cells) => `<tr>${cells.map((cell, i) => cellHtml(cell, isText(block, i), options)).join('')}</tr>`,
      );
      return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeMarkup(block.label)}"><table><caption>${escapeMarkup(block.label)}</caption><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
    }
    case 'picture':
      return `<figure role="img" aria-label="${escapeMarkup(block.alt)}">${block.svg}</figure>`;
    case 'source': {
      const lines = block.lines.map(
        ({ text, share, note }, i) =>
          `<span class="line${heatClass(share)}"><i>${i + 1}</i><b>${escapeMarkup(note)}</b>${escapeMarkup(text) || ' '}</span>`,
      );
      return `<details${block.lines.length <= 400 ? ' open' : ''}><summary>${escapeMarkup(block.file)}</summary><pre>${lines.join('')}</pre></details>`;
    }
  }
}

function cellHtml(cell: Cell, words: boolean, { link }: PageOptions): string {
  const text = escapeMarkup(textOf(cell));
  if (typeof cell === 'string') return `<td${words ? '' : ' class="figure"'}>${text}</td>`;
  const classes = [...(words ? [] : ['figure']), ...(cell.tone ? [cell.tone] : [])].join(' ');
  const shown = cell.place && link ? `<a href="${escapeMarkup(link(cell.place))}">${text}</a>` : text;
  const bar =
    cell.share === undefined
      ? ''
      : `<svg class="bar" width="60" height="8" aria-hidden="true"><rect width="${(Math.min(1, Math.max(0, cell.share)) * 60).toFixed(1)}" height="8"/></svg>`;
  return `<td${classes ? ` class="${classes}"` : ''}>${bar}${shown}</td>`;
}

const heatShares = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4];

function heatClass(share: number): string {
  const bucket = heatShares.findLastIndex((least) => share >= least);
  return bucket < 0 ? '' : ` heat${bucket + 1}`;
}

const pageCss = `
main { max-width: 1100px; margin: 0 auto; padding: 16px; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 1.8em; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; }
caption { position: absolute; left: -9999px; }
th, td { text-align: left; padding: 3px 14px 3px 0; vertical-align: baseline; }
th { font-weight: 600; border-bottom: 1px solid var(--line); }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { margin-right: 8px; vertical-align: middle; fill: var(--accent); }
.worse { color: var(--worse); } .better { color: var(--better); } .muted { color: var(--muted); }
p.warning { border-left: 3px solid var(--worse); padding-left: 10px; }
p.advice { border-left: 3px solid var(--accent); padding-left: 10px; }
figure { margin: 0; overflow-x: auto; }
pre { overflow-x: auto; font-size: 12px; line-height: 1.5; tab-size: 4; }
.line { display: block; } .line i { display: inline-block; width: 4em; text-align: right; padding-right: 1em; color: var(--muted); font-style: normal; user-select: none; }
.line[class*=' heat'] i { color: inherit; }
.line b { display: inline-block; width: 12em; font-weight: 400; user-select: none; }
summary { cursor: pointer; font-weight: 600; padding: 6px 0; }
a { color: var(--link); }
.heat1 { background: rgb(200 160 60 / 0.08); } .heat2 { background: rgb(210 150 50 / 0.14); } .heat3 { background: rgb(220 140 40 / 0.2); }
.heat4 { background: rgb(230 120 40 / 0.27); } .heat5 { background: rgb(235 90 40 / 0.34); } .heat6 { background: rgb(240 60 40 / 0.42); }
`;

const fileCss = `
:root { color-scheme: light dark; --line: #8886; --accent: #2f7fd0; --worse: #b3261e; --better: #1a7f37; --muted: #6b6b6b; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --accent: #4a9ee8; --worse: #ff8a80; --better: #6fdd8b; --muted: #a0a0a0; --link: #79b8ff; } body { background: #1e1e1e; color: #ddd; } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0; }
pre { font-family: ui-monospace, monospace; }
`;
