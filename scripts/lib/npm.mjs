// Node and the packages of this checkout.
import { readFile } from 'node:fs/promises';
import { inRoot, root } from './paths.mjs';
import { run, step } from './run.mjs';

/** Ends with a sentence instead of a syntax error deep in some package. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(
    `Predictscope is built with Node 20.19 or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
}

/** node_modules as package-lock.json has it. */
export async function ensurePackages() {
  if (await upToDate()) return;
  // Without scripts: no package in the lock needs one, and some of them would start a compiler.
  await step('npm packages', () => npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], root));
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
export function npm(args, cwd) {
  // The npm that runs us, if one does; and without its idea of which folder is the project.
  const own = process.env.npm_execpath;
  const env = { npm_config_local_prefix: undefined };
  return own?.endsWith('npm-cli.js')
    ? run(process.execPath, [own, ...args], { cwd, env })
    : run('npm', args, { cwd, env });
}

/**
 * npm writes what it installed into node_modules/.package-lock.json when it is done, which makes a
 * stamp that also knows about an `npm ci` typed by hand.
 */
async function upToDate() {
  const [wanted, installed] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map(async (file) =>
      JSON.parse(await readFile(inRoot(file), 'utf8').catch(() => '{}')),
    ),
  );
  if (!installed.packages) return false;
  /** @type {[string, { version: string, optional?: boolean, devOptional?: boolean }][]} */
  const packages = Object.entries(wanted.packages ?? {});
  return packages.every(([name, { version, optional, devOptional }]) => {
    const found = installed.packages[name];
    return name === '' || (found ? found.version === version : (optional ?? devOptional) === true);
  });
}
