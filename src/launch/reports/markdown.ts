import { isText, textOf, type Block } from './blocks';

/** A report as Markdown that GitHub, GitLab and VS Code show alike. Pictures and sources are left out. */
export function toMarkdown(blocks: readonly Block[]): string {
  const parts = blocks.flatMap((block) => {
    switch (block.kind) {
      case 'heading':
        return [`${'#'.repeat(block.level)} ${escape(block.text)}`];
      case 'text':
        return [
          block.tone === 'warning' || block.tone === 'advice'
            ? `> ${escape(block.text)}`
            : escape(block.text),
        ];
      case 'table': {
        const align = block.heads.map((_, i) => (isText(block, i) ? ':--' : '--:'));
        const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
        return [
          [
            row(block.heads.map(escape)),
            row(align),
            ...block.rows.map((cells) => row(cells.map((cell) => escape(textOf(cell))))),
          ].join('\n'),
        ];
      }
      case 'picture':
      case 'source':
        return [];
    }
  });
  return `${parts.join('\n\n')}\n`;
}

function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#]/g, '\\$&').replaceAll('\n', ' ');
}
