import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Frame, Locator, Page } from 'playwright-core';
import { root } from '../../../scripts/lib/paths.mjs';
import type { Sandbox } from '../../../scripts/lib/sandbox.mjs';
import { startServer, type VsCodeServer } from '../../../scripts/lib/server.mjs';
import { placeOf, plain } from './editorText';
import { DEFAULT_LIMIT_MS, until } from './until';

export interface WorkbenchOptions {
  /** Folder to open; without one the window is empty. */
  workspace?: string;
  /** From this checkout (the default), or installed from a package. */
  extension?: 'development' | { vsix: string };
  settings?: Record<string, unknown>;
  /** False: the folder opens in Restricted Mode. */
  trusted?: boolean;
  /** Added to the environment of the server, the extension host and the terminals. */
  env?: Record<string, string>;
  /** Unpacked extensions to have installed beside ours. */
  extensions?: string[];
  viewport?: { width: number; height: number };
  /** Server and browser run in there. */
  sandbox?: { server: Sandbox; browser: Browser };
}

/** What a workbench is made with; the same for all of a run. */
export interface Surroundings {
  browser: Browser;
  /** Launcher of the VS Code server. */
  code: string;
  artifacts: string;
}

export type Theme = 'light' | 'dark' | 'highContrast' | 'highContrastLight';

/** Names as in the settings, and the part of the class by which the window shows that it has changed. */
const THEMES: Record<Theme, { setting: string; shown: string }> = {
  light: { setting: 'Light Modern', shown: 'themes-light_modern-json' },
  dark: { setting: 'Dark Modern', shown: 'themes-dark_modern-json' },
  highContrast: { setting: 'Default High Contrast', shown: 'themes-hc_black-json' },
  highContrastLight: { setting: 'Default High Contrast Light', shown: 'themes-hc_light-json' },
};

/** For steps that are tried again: a webview that takes the focus late closes what was just opened. */
const BRIEFLY = { timeout: 1000 };

export interface TreeRow {
  label: string;
  description: string;
  /** From 1. */
  level: number;
  /** Undefined for a leaf. */
  expanded: boolean | undefined;
}

/** One window of a real VS Code, in a browser context and on a server of its own. */
export class Workbench {
  /** Errors on the console of the window and its webviews; VS Code has a few of its own. */
  readonly consoleErrors: string[] = [];

  private constructor(
    readonly page: Page,
    readonly server: VsCodeServer,
    private readonly context: BrowserContext,
    private readonly artifacts: string,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.consoleErrors.push(message.text());
    });
    page.on('pageerror', (error) => this.consoleErrors.push(error.stack ?? error.message));
  }

  /** Resolves when the status bar is drawn. `opened` gets the window before that, for evidence. */
  static async open(
    { browser, code, artifacts }: Surroundings,
    options: WorkbenchOptions,
    opened: (workbench: Workbench) => void,
  ): Promise<Workbench> {
    const extension = options.extension ?? 'development';
    const server = await startServer({
      code,
      args: options.trusted === false ? [] : ['--disable-workspace-trust'],
      settings: options.settings ?? {},
      env: options.env ?? {},
      extensions: options.extensions ?? [],
      ...(extension === 'development' ? { linked: root } : { vsix: [extension.vsix] }),
      ...(options.sandbox ? { sandbox: options.sandbox.server } : {}),
    });
    const context = await (options.sandbox?.browser ?? browser).newContext({
      viewport: options.viewport ?? { width: 1280, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const workbench = new Workbench(await context.newPage(), server, context, artifacts);
    opened(workbench);
    await workbench.page.goto(
      server.url(options.workspace === undefined ? {} : { folder: options.workspace }),
    );
    await workbench.page.locator('.statusbar-item').first().waitFor({ timeout: 60_000 });
    return workbench;
  }

  /** Runs a command by its full title in the palette, say `Predictscope: Open Timeline`. */
  async runCommand(title: string): Promise<void> {
    let again = false;
    await until(`the command "${title}" in the palette`, async () => {
      // Extensions register late: the palette lists what was there when it opened, until it is closed.
      if (again) await this.page.keyboard.press('Escape');
      again = true;
      await this.page.keyboard.press('F1');
      await this.quickInput().fill(`>${title}`, BRIEFLY);
      return this.tryPick(title);
    });
  }

  /** Opens a file of the workspace by quick open. */
  async openFile(name: string): Promise<void> {
    const label = path.posix.basename(name);
    await until(`"${name}" in quick open`, async () => {
      await this.page.keyboard.press('Control+P');
      await this.quickInput().fill(name, BRIEFLY);
      return this.tryPick(label);
    });
    await this.page
      .locator(`.tab.active[data-resource-name="${label}"]`)
      .waitFor({ timeout: DEFAULT_LIMIT_MS });
  }

  /** Labels in the open list, of the palette or of an extension. */
  async choices(): Promise<string[]> {
    return (await this.page.locator('.quick-input-list .monaco-list-row .label-name').allTextContents()).map(
      plain,
    );
  }

  /** Takes the entry with this label from the list that is open or about to open. */
  async pick(label: string): Promise<void> {
    await until(`"${label}" in the list`, () => this.tryPick(label));
  }

  /** The editor's cursor to a place, counted from 1. */
  async goTo(line: number, column = 1): Promise<void> {
    await until('the input of Go to Line', async () => {
      await this.page.keyboard.press('Control+G');
      await this.quickInput().fill(`:${line}:${column}`, BRIEFLY);
      await this.page.keyboard.press('Enter');
      await this.quickInput().waitFor({ state: 'hidden', ...BRIEFLY });
      return true;
    });
  }

  /** Code lenses in the part of the editor that is in view, from top to bottom. */
  async lensTexts(): Promise<string[]> {
    const texts = await this.lenses().allTextContents();
    return texts.map(plain).filter((text) => text !== '' && text !== '|');
  }

  /** Clicks a lens by a part of its text. */
  async clickLens(text: string): Promise<void> {
    await this.hideHover();
    // A lens is a link once it has its command; until then it cannot be clicked.
    const lens = this.page.locator('.codelens-decoration > a').filter({ hasText: text }).first();
    await lens.click({ timeout: DEFAULT_LIMIT_MS });
  }

  /** Opens the menu of the first lens in view. */
  async clickLensMenu(): Promise<void> {
    await this.hideHover();
    const menu = this.page.locator('.codelens-decoration > a:has(.codicon-ellipsis)').first();
    await menu.click({ timeout: DEFAULT_LIMIT_MS });
  }

  /** Takes a code action at the cursor. */
  async codeAction(title: string): Promise<void> {
    await until(`the code action "${title}"`, async () => {
      await this.page.keyboard.press('Control+.');
      const row = this.page.locator('.action-widget .monaco-list-row').filter({ hasText: title }).first();
      await row.click(BRIEFLY);
      return true;
    });
  }

  /** What is drawn of the text of all editors in view. */
  async editorText(): Promise<string> {
    return (await this.page.locator('.view-lines').allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  }

  /** Hovers a place of the active editor and returns what the hover says. */
  async hoverAt(place: { text: string } | { line: number; column: number }): Promise<string> {
    return until('the hover', async () => {
      if ('text' in place) {
        const point = await until(`the text "${place.text}" in the editor`, () =>
          placeOf(this.page, place.text),
        );
        await this.page.mouse.move(point.x + 40, point.y + 80);
        await this.page.mouse.move(point.x, point.y, { steps: 5 });
      } else {
        await this.goTo(place.line, place.column);
        await this.runCommand('Show or Focus Hover');
      }
      // Code lenses that come late push the text away from under the mouse: then all of it again.
      return until('its text', () => this.hoverText(), 3000);
    });
  }

  /** Hovers lie over what is below them and would take its clicks. */
  async hideHover(): Promise<void> {
    await this.page.mouse.move(0, 0);
    await until('the hover to close', async () => {
      if ((await this.hovers().count()) === 0) return true;
      await this.page.keyboard.press('Escape');
      return false;
    });
  }

  /** Shows Predictscope's side bar and returns the rows of the runs, as far as they are drawn. */
  async runsTree(): Promise<TreeRow[]> {
    await this.showRuns();
    return this.rows().evaluateAll((rows) =>
      rows.map((row) => {
        const text = (selector: string): string =>
          (row.querySelector(selector)?.textContent ?? '').replaceAll('\u00a0', ' ').trim();
        const expanded = row.getAttribute('aria-expanded');
        return {
          label: text('.label-name'),
          description: text('.label-description'),
          level: Number(row.getAttribute('aria-level') ?? 1),
          expanded: expanded === null ? undefined : expanded === 'true',
        };
      }),
    );
  }

  /** A row of the runs tree by a part of its text. */
  runsRow(text: string): Locator {
    return this.rows().filter({ hasText: text }).first();
  }

  /** Presses a button that a row of the runs tree shows while the mouse is over it. */
  async clickRowAction(row: string, action: string): Promise<void> {
    await this.showRuns();
    await this.runsRow(row).hover({ timeout: DEFAULT_LIMIT_MS });
    await this.runsRow(row)
      .locator(`.action-label[aria-label^="${action}"]`)
      .click({ timeout: DEFAULT_LIMIT_MS });
  }

  async showRuns(): Promise<void> {
    const button = this.page.locator('.activitybar .action-item:has([aria-label^="Predictscope"])');
    await button.waitFor({ timeout: DEFAULT_LIMIT_MS });
    const shown = await button.evaluate((item) => item.classList.contains('checked'));
    if (!shown) await button.click();
    await this.sideBar().waitFor({ timeout: DEFAULT_LIMIT_MS });
  }

  /** The frame, however deep, in which the selector has an element. */
  async webviewFrame(selector: string, limitMs = DEFAULT_LIMIT_MS): Promise<Frame> {
    return until(
      `a webview with ${selector}`,
      async () => {
        for (const frame of this.page.frames()) {
          if (frame === this.page.mainFrame()) continue;
          if ((await frame.locator(selector).count()) > 0) return frame;
        }
        return undefined;
      },
      limitMs,
    );
  }

  async statusBarTexts(): Promise<string[]> {
    return (await this.page.locator('.statusbar-item').allTextContents()).map(plain).filter(Boolean);
  }

  /** Texts of the notifications that are shown; they go by themselves after a while. */
  async notifications(): Promise<string[]> {
    return (await this.page.locator('.notification-list-item-message').allTextContents()).map(plain);
  }

  /** Presses a button of a notification. */
  async answerNotification(text: string, button: string): Promise<void> {
    const toast = this.page.locator('.notification-toast').filter({ hasText: text });
    await toast.locator('.monaco-button').filter({ hasText: button }).click({ timeout: DEFAULT_LIMIT_MS });
  }

  /** Title of the active tab, empty without one. */
  async activeTab(): Promise<string> {
    const tab = this.page.locator('.editor-group-container.active .tab.active').first();
    if ((await tab.count()) === 0) return '';
    const name = (await tab.getAttribute('data-resource-name')) ?? '';
    // A webview's resource is named by a number; its label is the title. A file's label lacks the ending.
    return name.startsWith('webview-') ? plain(await tab.locator('.label-name').innerText()) : name;
  }

  async clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Everything that the extension wrote to its log channel in this window. */
  async extensionLog(): Promise<string> {
    const logs = path.join(this.server.state, 'data/logs');
    const files = (await readdir(logs, { recursive: true })).filter(
      (file) => file.includes('predictscope.predictscope') && file.endsWith('.log'),
    );
    return (await Promise.all(files.sort().map((file) => readFile(path.join(logs, file), 'utf8')))).join('');
  }

  async changeSettings(changes: Record<string, unknown>): Promise<void> {
    await this.server.changeSettings(changes);
  }

  async setTheme(theme: Theme): Promise<void> {
    const { setting, shown } = THEMES[theme];
    const changed = this.page.locator(`.monaco-workbench[class*="${shown}"]`);
    // Written again if need be: the window's watcher may miss a change right after another one.
    await until(`the theme ${setting}`, async () => {
      await this.changeSettings({ 'workbench.colorTheme': setting });
      await changed.waitFor({ timeout: 3000 });
      return true;
    });
  }

  /** Writes artifacts/e2e/screenshots/NAME[-THEME].png and returns its path. */
  async screenshot(name: string, theme?: Theme): Promise<string> {
    if (theme) await this.setTheme(theme);
    const file = path.join(this.artifacts, 'screenshots', `${name}${theme ? `-${theme}` : ''}.png`);
    await mkdir(path.dirname(file), { recursive: true });
    // Caret and hover animations would make every picture another one.
    await this.page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
    return file;
  }

  /** What helps to understand a failure: the picture, the consoles and the logs. */
  async saveEvidence(name: string): Promise<void> {
    const folder = path.join(this.artifacts, 'failures', name);
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, 'window.png') }).catch(() => undefined);
    await writeFile(path.join(folder, 'console.txt'), this.consoleErrors.join('\n'));
    await cp(path.join(this.server.state, 'data/logs'), path.join(folder, 'logs'), { recursive: true }).catch(
      () => undefined,
    );
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.server.stop();
  }

  private quickInput(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-box input');
  }

  private lenses(): Locator {
    return this.page.locator('.codelens-decoration > a, .codelens-decoration > span');
  }

  private async hoverText(): Promise<string | undefined> {
    const text = (await this.hovers().allInnerTexts()).join('\n').replaceAll('\u00a0', ' ').trim();
    return text !== '' && !text.startsWith('Loading') ? text : undefined;
  }

  private hovers(): Locator {
    return this.page.locator('.monaco-resizable-hover .monaco-hover-content').filter({ visible: true });
  }

  private sideBar(): Locator {
    return this.page.locator('[id="workbench.view.extension.predictscope"]');
  }

  private rows(): Locator {
    return this.sideBar().locator('.monaco-list-row');
  }

  /** True when the entry was there within a second and was taken. */
  private async tryPick(label: string): Promise<boolean> {
    const names = this.page.locator('.quick-input-list .monaco-list-row .label-name');
    const exact = new RegExp(
      `^\\s*${label.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&').replaceAll(' ', '\\s')}\\s*$`,
    );
    const row = names.filter({ hasText: exact }).first();
    const there = await row.waitFor(BRIEFLY).then(
      () => true,
      () => false,
    );
    // Not so briefly: under load a click may have worked and yet not be confirmed within a second.
    if (there) await row.click({ timeout: 5000 });
    return there;
  }
}
