// Builds the extension: separate bundles for the host, the command line, the trace worker and the webview.
//   node esbuild.mjs [--production] [--watch] [--tests]
import { build, context } from 'esbuild';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    production: { type: 'boolean', default: false },
    watch: { type: 'boolean', default: false },
    tests: { type: 'boolean', default: false },
  },
});

process.chdir(import.meta.dirname);
const require = createRequire(import.meta.url);

/** @type {import('esbuild').BuildOptions} */
const shared = {
  bundle: true,
  logLevel: 'warning',
  minify: flags.production,
  sourcemap: !flags.production,
  legalComments: 'none',
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  ...shared,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // esbuild would follow the `import` condition to the ES module build, whose import.meta.url is
  // empty in a CommonJS bundle, and which then fails to find its .wasm at run time.
  alias: {
    'web-tree-sitter': require.resolve('web-tree-sitter'),
    // Its other build is UMD, which esbuild cannot see into.
    'jsonc-parser': require.resolve('jsonc-parser/lib/esm/main.js'),
  },
};

/** @type {import('esbuild').BuildOptions} */
const browser = { ...shared, platform: 'browser', format: 'iife', target: 'es2022' };

/** What the host imports lazily, each in a bundle of its own. Modules without classes that others compare. */
const LAZY = {
  siteFinder: { filter: /\/sites\/finder$/, entry: 'src/sites/finder.ts' },
  instrument: { filter: /\/instrument\/instrument$/, entry: 'src/instrument/instrument.ts' },
  siteCommands: { filter: /\/siteCommands$/, entry: 'src/views/siteCommands.ts' },
  targetCommands: { filter: /\/targetCommands$/, entry: 'src/views/targetCommands.ts' },
  copyCommand: { filter: /\/launch\/copyCommand$/, entry: 'src/launch/copyCommand.ts' },
  siteFilter: { filter: /\/sites\/filter$/, entry: 'src/sites/filter.ts' },
  traceParts: { filter: /\/insight\/traceParts$/, entry: 'src/insight/traceParts.ts' },
  lines: { filter: /\/lines$/, entry: 'src/editor/lines.ts' },
  compareView: { filter: /\/compareView$/, entry: 'src/views/compareView.ts' },
  runCommands: { filter: /\/runCommands$/, entry: 'src/views/runCommands.ts' },
  doctorReport: { filter: /\/doctorReport$/, entry: 'src/views/doctorReport.ts' },
  chokidar: { filter: /^chokidar$/, entry: 'chokidar' },
};

/**
 * esbuild splits only ES modules, and the host's entry should hold no more than activation needs: VS Code
 * compiles all of it before it calls activate().
 *
 * @param {Record<string, { filter: RegExp, entry: string }>} bundles
 * @returns {import('esbuild').Plugin}
 */
const lazyFor = (bundles) => ({
  name: 'lazy',
  setup({ onResolve }) {
    for (const [name, { filter }] of Object.entries(bundles)) {
      onResolve({ filter }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: `./${name}.js`, external: true } : undefined,
      );
    }
  },
});
const lazy = lazyFor(LAZY);

/** The same for the command line: what containers need is loaded for them only. */
const LAZY_CLI = {
  containers: { filter: /\/containers\/openTarget$/, entry: 'src/targets/containers/openTarget.ts' },
};

/**
 * dockerode reaches engines by ssh and BuildKit by gRPC with packages that are larger than all of ours, and native.
 * We use neither.
 *
 * @type {import('esbuild').Plugin}
 */
const withoutSshAndGrpc = {
  name: 'without-ssh-and-grpc',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader)$/ }, ({ path: name }) => ({
      path: name,
      namespace: 'left-out',
    }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
      contents: 'module.exports = {};',
      loader: 'js',
    }));
  },
};

/** What is shipped. @type {{ entry: string, outfile: string, options: import('esbuild').BuildOptions }[]} */
const bundles = [
  {
    entry: 'src/extension.ts',
    outfile: 'dist/extension.js',
    options: { ...node, target: 'node22', external: ['vscode'], plugins: [lazy] },
  },
  ...Object.entries(LAZY).map(([name, { entry }]) => ({
    entry,
    outfile: `dist/${name}.js`,
    options: { ...node, target: 'node22', external: ['vscode'], plugins: [lazy] },
  })),
  {
    entry: 'src/cli.ts',
    outfile: 'dist/cli.js',
    options: { ...node, banner: { js: '#!/usr/bin/env node' }, plugins: [lazyFor(LAZY_CLI)] },
  },
  ...Object.entries(LAZY_CLI).map(([name, { entry }]) => ({
    entry,
    outfile: `dist/${name}.js`,
    options: { ...node, plugins: [withoutSshAndGrpc] },
  })),
  { entry: 'src/trace/worker.ts', outfile: 'dist/traceWorker.js', options: node },
  { entry: 'webview/timeline/main.ts', outfile: 'dist/webview/timeline.js', options: browser },
  { entry: 'webview/timeline/timeline.css', outfile: 'dist/webview/timeline.css', options: browser },
  { entry: 'webview/doctor/main.ts', outfile: 'dist/webview/doctor.js', options: browser },
  { entry: 'webview/doctor/doctor.css', outfile: 'dist/webview/doctor.css', options: browser },
];

const copies = [
  ...['package.json', 'dist/spec-node/devContainersSpecCLI.js', 'scripts/updateUID.Dockerfile'].map(
    (file) => ({
      from: path.join(path.dirname(require.resolve('@devcontainers/cli/package.json')), file),
      to: `dist/devcontainer/${file}`,
    }),
  ),
  { from: require.resolve('web-tree-sitter/web-tree-sitter.wasm'), to: 'dist/tree-sitter.wasm' },
  ...['python', 'javascript', 'typescript', 'tsx'].map((grammar) => ({
    from: require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`),
    to: `dist/tree-sitter-${grammar}.wasm`,
  })),
];

/** Leaves out what does not exist; a package must be whole. */
function present() {
  return bundles.filter(({ entry }) => {
    if (existsSync(entry) || !/^(src|webview)\//.test(entry)) return true;
    if (flags.production) throw new Error(`${entry} is missing.`);
    console.log(`${entry} does not exist, not built`);
    return false;
  });
}

async function buildShipped() {
  await Promise.all(
    present().map(async ({ entry, outfile, options }) => {
      const all = { ...options, entryPoints: [entry], outfile, metafile: true };
      if (flags.watch) {
        await (await context({ ...all, logLevel: 'info' })).watch();
        return;
      }
      const { metafile } = await build(all);
      if (!flags.production) {
        // Read by the test that keeps vscode out of the command line and the worker.
        await writeFile(
          `dist/meta/${path.parse(outfile).name}${entry.endsWith('.css') ? '.css' : ''}.json`,
          JSON.stringify(metafile),
        );
      }
    }),
  );
}

/** What an earlier build left must not get into a package; what is in use stays in place meanwhile. */
async function removeOthers() {
  const kept = new Set([...bundles.map(({ outfile }) => outfile), ...copies.map(({ to }) => to)]);
  const files = await readdir('dist', { recursive: true, withFileTypes: true });
  for (const file of files.filter((each) => each.isFile())) {
    const name = path.posix.join(file.parentPath, file.name);
    if (!kept.has(name)) await rm(name);
  }
}

/** Every file of the host suite by itself, so that its index finds them by name. */
async function buildHostSuite() {
  await rm('out/host', { recursive: true, force: true });
  const folder = 'test/host/suite';
  const entryPoints = (await readdir(folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
  await build({
    ...node,
    target: 'node22',
    entryPoints,
    outdir: 'out/host',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
  });
}

/** One program with every *.e2e.ts in it. */
async function buildEndToEnd() {
  const folder = 'test/e2e';
  const files = (await readdir(folder)).filter((name) => name.endsWith('.e2e.ts')).sort();
  const contents = [
    `import { main } from './lib/runner';`,
    ...files.map((file, index) => `import { tests as tests${index} } from './${file}';`),
    `await main([${files.map((file, index) => `{ file: '${file}', tests: tests${index} }`).join(', ')}]);`,
  ];
  await build({
    ...shared,
    stdin: { contents: contents.join('\n'), resolveDir: folder, sourcefile: 'main.ts', loader: 'ts' },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: 'out/e2e/main.mjs',
    packages: 'external',
    // They find their neighbours by their own place.
    external: [path.resolve('scripts/*')],
    sourcemap: 'inline',
  });
}

await mkdir(flags.production ? 'dist' : 'dist/meta', { recursive: true });
await Promise.all([
  buildShipped(),
  ...copies.map(({ from, to }) => cp(from, to)),
  ...(flags.tests ? [buildHostSuite(), buildEndToEnd()] : []),
]);
if (flags.production) await removeOthers();
