// Packages of the operating system: installed only where that is ours to do (Debian as root), else
// named with the command that installs them.
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';

export class MissingSystemPackage extends Error {
  /** @param {string} what @param {string} command */
  constructor(what, command) {
    super(`${what} Install it with:\n  ${command}`);
    this.name = 'MissingSystemPackage';
  }
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Text in screenshots has the same width everywhere only with the same fonts. */
const FONTS = ['fonts-dejavu-core', 'fonts-liberation'];

/**
 * First of the named programs on PATH.
 *
 * @param {...string} names
 * @returns {string | undefined}
 */
export function which(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
      const file = path.join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

/** @returns {string | undefined} */
export const findBrowser = () => process.env.PREDICTSCOPE_CHROMIUM || which(...BROWSERS);

/** A Chromium and the fonts of the screenshots. @returns {Promise<string>} its executable */
export async function ensureBrowser() {
  const wanted = [...(findBrowser() ? [] : ['chromium']), ...FONTS];
  if (existsSync('/usr/bin/dpkg-query')) {
    await ensureDebian(wanted, 'The editor tests need a Chromium and its fonts.');
  }
  const browser = findBrowser();
  if (!browser) {
    throw new MissingSystemPackage(
      'The editor tests need Chromium, and none of chromium, chromium-browser or google-chrome is on PATH.',
      `your system's package manager (Debian: ${aptCommand(wanted)}), or name one in PREDICTSCOPE_CHROMIUM`,
    );
  }
  return browser;
}

/** The last installation that was asked for: dpkg takes one at a time. @type {Promise<unknown>} */
let installation = Promise.resolve();

/**
 * @param {string[]} packages
 * @param {string} why a sentence
 */
export function ensureDebian(packages, why) {
  const done = installation.then(() => install(packages, why));
  installation = done.catch(() => undefined);
  return done;
}

/** @param {string[]} packages @param {string} why */
async function install(packages, why) {
  /** @type {string[]} */
  const missing = [];
  for (const name of packages) {
    const status = await run('dpkg-query', ['-W', '-f', '${Status}', name]).catch(() => '');
    if (!status.includes('ok installed')) missing.push(name);
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw new MissingSystemPackage(why, `sudo ${aptCommand(missing)}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { env });
}

/** @param {string[]} packages */
const aptCommand = (packages) => `apt-get install --no-install-recommends ${packages.join(' ')}`;

/** Address and release of the main part of the Debian that this machine installs from. @returns {Promise<string>} */
export async function debianMain() {
  const format = '$(SITE) $(RELEASE) $(COMPONENT)';
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const main = targets.split('\n').find((line) => / main$/.test(line));
  if (!main) throw new Error('apt names no source of packages.');
  return main.replace(/ main$/, '');
}
