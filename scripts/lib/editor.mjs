// Opens VS Code on the sample project with the extension from this checkout.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from './cache.mjs';
import { root } from './paths.mjs';
import { runLive } from './run.mjs';
import { startServer } from './server.mjs';
import { which } from './system.mjs';
import { ensureVsCode } from './vscode.mjs';

/**
 * @param {string} workspace
 * @param {string} python interpreter that has what the sample project imports
 * @param {number | undefined} port of the server, if it comes to that
 */
export async function openEditor(workspace, python, port) {
  const code = which('code');
  const display = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  const settings = { 'predictscope.interpreter': python };
  if (code && display) await openDesktop(code, workspace, settings);
  else await serve(workspace, settings, port);
}

/**
 * A window with its own user data, so that the interpreter is set without a touch on the user's
 * settings or on the sample project; the user's other extensions are there.
 *
 * @param {string} code
 * @param {string} workspace
 * @param {Record<string, unknown>} settings
 */
async function openDesktop(code, workspace, settings) {
  const data = path.join(cacheFolder(), 'desktop');
  await mkdir(path.join(data, 'User'), { recursive: true });
  await writeFile(path.join(data, 'User/settings.json'), JSON.stringify(settings, undefined, 2));
  await runLive(code, [
    ...['--user-data-dir', data, '--disable-workspace-trust'],
    ...[`--extensionDevelopmentPath=${root}`, workspace],
  ]);
}

/**
 * @param {string} workspace
 * @param {Record<string, unknown>} settings
 * @param {number | undefined} port
 */
async function serve(workspace, settings, port) {
  const code = await ensureVsCode();
  const server = await startServer({
    code,
    linked: root,
    settings,
    args: ['--disable-workspace-trust'],
    ...(port === undefined ? {} : { port }),
  });
  console.log(`\nVS Code is at\n  ${server.url({ folder: workspace })}\nCtrl+C ends it.`);
  await new Promise(() => undefined); // The server's own handlers end us.
}
