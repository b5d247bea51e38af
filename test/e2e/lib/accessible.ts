import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Frame, Page } from 'playwright-core';

/**
 * Holds a page to the rules of WCAG 2.1 A and AA (and axe's best practices) that a program can check, and says which
 * elements break them.
 */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const here = globalThis as unknown as { axe: Pick<typeof axe, 'run'> };
    const { violations } = await here.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${failureSummary ?? ''}`,
      ),
    );
  });
  assert.deepEqual(found, [], `${what} breaks rules of accessibility`);
}

/** The same for what a webview without scripts shows: as a page of its own, for axe does not end within VS Code's frames. */
export async function assertFrameAccessible(frame: Frame, what: string): Promise<void> {
  const html = (await frame.content())
    .replace(/<meta[^>]*Content-Security-Policy[^>]*>/i, '')
    .replace(/<script[\s\S]*?<\/script>/gi, '');
  const page = await frame.page().context().newPage();
  try {
    await page.setContent(html);
    // What VS Code draws behind it.
    await page.addStyleTag({ content: 'html { background: var(--vscode-editor-background) }' });
    await assertAccessible(page, what);
  } finally {
    await page.close();
  }
}
