import type { Page } from 'playwright-core';

/** The editor draws blanks as no-break spaces. */
export const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Where on the page the first occurrence of a text in a visible editor line is drawn. */
export async function placeOf(page: Page, text: string): Promise<{ x: number; y: number } | undefined> {
  // One function, since it runs in the page and can reach nothing out here.
  return page.evaluate((wanted) => {
    for (const line of document.querySelectorAll('.view-line')) {
      const content = line.textContent.replaceAll('\u00a0', ' ');
      let from = content.indexOf(wanted);
      if (from < 0) continue;
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const length = node.textContent?.length ?? 0;
        if (from < length) {
          const range = document.createRange();
          range.setStart(node, from);
          range.setEnd(node, from + 1);
          const box = range.getBoundingClientRect();
          return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
        }
        from -= length;
      }
    }
    return undefined;
  }, text);
}
