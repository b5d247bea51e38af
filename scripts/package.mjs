// npm run package: predictscope-<version>.vsix in the root of the repository.
import { readFile, stat } from 'node:fs/promises';
import { ensurePackages, requireNode } from './lib/npm.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { run, step } from './lib/run.mjs';

async function main() {
  requireNode();
  await ensurePackages();
  const { version } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'));
  const name = `predictscope-${version}.vsix`;
  // vsce makes the production build itself (vscode:prepublish). Everything is bundled, so it looks
  // for no dependencies.
  const vsce = inRoot('node_modules/@vscode/vsce/vsce');
  await step(name, () =>
    run(process.execPath, [vsce, 'package', '--no-dependencies', '--out', name], { cwd: root }),
  );
  const { size } = await stat(inRoot(name));
  console.log(`${name}: ${Math.round(size / 1024)} kB`);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
