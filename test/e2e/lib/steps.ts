import { until } from './until';
import type { Workbench } from './workbench';

/** A code lens whose whole text matches. */
export const lensWith = (workbench: Workbench, pattern: RegExp, limitMs = 60_000): Promise<string> =>
  until(
    `a lens like ${String(pattern)}`,
    async () => (await workbench.lensTexts()).find((text) => pattern.test(text)),
    limitMs,
  );

/** Answers “What should Predictscope run?” and takes the command line as it is offered. */
export async function answerProgram(workbench: Workbench, choice: RegExp): Promise<void> {
  const label = await until('what to run', async () =>
    (await workbench.choices()).find((text) => choice.test(text)),
  );
  await workbench.pick(label);
  await until('the command line', async () => {
    const title = await workbench.page.locator('.quick-input-title').textContent();
    return title?.includes('Command line to profile');
  });
  await workbench.page.keyboard.press('Enter');
}
