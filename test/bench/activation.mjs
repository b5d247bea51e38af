// npm run bench:activation: time to load and activate the host's entry, in fresh processes, and bundle sizes.
// `vscode` is a stand-in that answers everything with nothing: what VS Code does itself is not ours to measure.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { inRoot, root } from '../../scripts/lib/paths.mjs';

const one = `
const Module = require('node:module');
const nothing = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === 'workspaceFolders' ? [] : key === Symbol.iterator ? [][Symbol.iterator].bind([]) : nothing),
  apply: () => nothing, construct: () => nothing,
});
const load = Module._load;
const loaded = [];
Module._load = (name, ...rest) => { loaded.push(name); return name === 'vscode' ? nothing : load(name, ...rest); };
const begin = performance.now();
const extension = require(${JSON.stringify(inRoot('dist/extension.js'))});
const required = performance.now();
extension.activate({ extensionPath: ${JSON.stringify(root)}, extensionUri: nothing, workspaceState: nothing, subscriptions: [] });
console.log(JSON.stringify({ require: required - begin, activate: performance.now() - required, loaded }));
process.exit(0);
`;

execFileSync(process.execPath, ['esbuild.mjs', '--production'], { cwd: root, stdio: 'inherit' });
const samples = Array.from({ length: 21 }, () =>
  JSON.parse(execFileSync(process.execPath, ['-e', one], { encoding: 'utf8' })),
);
const median = (/** @type {number[]} */ values) =>
  values.toSorted((a, b) => a - b)[values.length >> 1].toFixed(1);
console.log(
  `require  ${median(samples.map((s) => s.require))} ms, activate ${median(samples.map((s) => s.activate))} ms (median of 21 processes)`,
);
console.log(`modules loaded: ${[...new Set(samples[0].loaded)].join(' ')}`);
for (const name of readdirSync(inRoot('dist')).filter((each) => each.endsWith('.js'))) {
  console.log(`${name.padEnd(18)} ${(statSync(inRoot(`dist/${name}`)).size / 1000).toFixed(1)} kB`);
}
