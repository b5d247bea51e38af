/** What the marked line of a JavaScript or TypeScript file defines. It needs nothing, and writes in Node only. */

import type { Site } from '../../sites/site';
import type { InsertForm } from '../request';

export const mark = '// predictscope';

export const names = {
  begin: '_predictscopeB',
  end: '_predictscopeE',
  profile: '_predictscopeProfile',
  result: '_predictscopeR',
} as const;

export interface ProgramOptions {
  form: InsertForm;
  logDirectory: string;
  file: string;
  sites: readonly { number: number; site: Site }[];
  /** Name that TensorFlow.js has in the file, if it is imported there. */
  tensorflow: string | undefined;
  typed: boolean;
}

/**
 * The compact form: times each call, a promise until it settles, and adds up the kernels of twenty calls after
 * five. At exit it leaves a run directory in the form of docs/run-directory.md.
 */
const recorder = `
const node = globalThis.process, load = (name) => (node.getBuiltinModule ? node.getBuiltinModule(name) : node.mainModule.require(name));
const calls = [], kernels = {}, now = () => node.hrtime.bigint(), start = [now(), BigInt(Date.now()) * 1000000n];
let seen = 0;
const profile = () => {
  if (++seen <= 5 || seen > 25) return undefined;
  const state = engine && engine();
  if (!state || state.profiling) return undefined;
  const found = { newBytes: 0, newTensors: 0, peakBytes: 0, kernels: [], result: null };
  const before = state.activeProfile, stop = () => { if (state.activeProfile === found) { state.profiling = false; state.activeProfile = before; } };
  state.profiling = true;
  state.activeProfile = found;
  queueMicrotask(stop);
  return () => {
    stop();
    for (const kernel of found.kernels)
      if (!/__op$/.test(kernel.name)) Promise.resolve(kernel.kernelTimeMs).then((ms) => { kernels[kernel.name] = (kernels[kernel.name] || 0) + (Number(ms) || 0); }, () => {});
  };
};
const save = () => {
  try {
    const fs = load('fs'), path = load('path'), host = load('os').hostname().replace(/[^A-Za-z0-9._]/g, '_') || 'host';
    const stamp = new Date().toISOString().replace(/[-:]|\\.\\d+/g, '');
    const run = path.join(LOG, stamp + '-' + (now() % 65536n).toString(16).padStart(4, '0')), folder = path.join(run, [host, node.pid, start[1]].join('-'));
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(run, 'config.json'), JSON.stringify({ format: 'predictscope.config/1', files: [{ file: FILE, sha256: '', module: '', sites: SITES }], options: { warmUpCalls: 5, tracedCalls: 20, tracedSeconds: 10, store: 'append' } }));
    const lines = [{ t: 'process', pid: node.pid, ppid: node.ppid, host, argv: node.argv, python: '', executable: node.execPath, rank: null, unixNs: String(start[1]), perfNs: String(start[0]), node: node.version }, { t: 'file', file: FILE, ran: FILE, match: 'path', same: true, sites: SITES.map((site) => site.index), missing: [] }, { t: 'kernels', totalMs: kernels }, { t: 'exit', unixNs: String(start[1] + now() - start[0]) }];
    fs.writeFileSync(path.join(folder, 'process.jsonl'), lines.map((line) => JSON.stringify(line) + '\\n').join(''));
    const bytes = new DataView(new ArrayBuffer(4096 + 48 * calls.length));
    'PSCALL1\\n'.split('').forEach((letter, at) => bytes.setUint8(at, letter.charCodeAt(0)));
    bytes.setUint32(8, 4096, true); bytes.setUint32(12, 48, true); bytes.setBigUint64(16, BigInt(node.pid), true);
    bytes.setBigUint64(24, start[0], true); bytes.setBigUint64(32, start[1], true); bytes.setBigUint64(40, 2n ** 64n - 1n, true);
    calls.forEach((call, row) => { const at = 4096 + 48 * row; bytes.setBigUint64(at, call.begin, true); bytes.setBigUint64(at + 8, call.end, true); bytes.setBigUint64(at + 16, BigInt(node.pid), true); bytes.setUint32(at + 32, SITES[call.site].index, true); bytes.setUint16(at + 44, call.flags, true); bytes.setUint8(at + 47, 1); });
    fs.writeFileSync(path.join(folder, 'calls-0.bin'), bytes);
  } catch {}
};
const on = !!(node && node.versions && node.versions.node && !node.env.PREDICTSCOPE_RUN);
const done = (call, flags) => { call.end = now(); call.flags = flags; if (calls.length === 0) node.once('exit', save); if (calls.length < 1000000) calls.push(call); };
return [
  (site) => { try { return on ? { site: site - 1, stop: profile(), begin: now(), end: 0n, flags: 0 } : undefined; } catch { return undefined; } },
  (call, value) => {
    try {
      if (call && value && typeof value.then === 'function') value.then(() => done(call, 0), () => done(call, 1));
      else if (call) done(call, 0);
      if (call && call.stop) call.stop();
    } catch {}
    return value;
  },
];
`;

/** The plain form: \`tf.profile\` around the call, ten times, each into a file of its own. */
const profiler = `
let turn = 0;
return async (run) => {
  if (++turn > 10) return run();
  const info = await profile(run);
  try {
    const node = globalThis.process, load = (name) => (node.getBuiltinModule ? node.getBuiltinModule(name) : node.mainModule.require(name));
    const fs = load('fs'), path = load('path');
    fs.mkdirSync(LOG, { recursive: true });
    fs.writeFileSync(path.join(LOG, 'tfjs-' + node.pid + '-' + node.hrtime.bigint() + '.json'), JSON.stringify({ file: FILE, newBytes: info.newBytes, newTensors: info.newTensors, peakBytes: info.peakBytes, kernels: info.kernels.filter((kernel) => !/__op$/.test(kernel.name)) }));
  } catch {}
  return info.result;
};
`;

/**
 * The declaration of the marked line. The program is a string, so that it needs no types, and neither a formatter
 * nor a linter has anything to say about it; where strings cannot be run, nothing is recorded.
 */
export function programLine({ form, logDirectory, file, sites, tensorflow, typed }: ProgramOptions): string {
  const any = typed ? ' as any' : '';
  const generic = (text: string): string => (typed ? text : '');
  const program = (form === 'compact' ? recorder : profiler).trim().replace(/\n\s*/g, ' ');
  const run = (...parameters: string[]): string =>
    `(new Function('LOG', 'FILE', ${parameters.map((name) => `'${name}'`).join(', ')}, ${quoted(program)})${any})`;
  const where = `${quoted(logDirectory)}, ${quoted(file)}`;
  if (form === 'plain') {
    const type = generic(': <T>(run: () => T) => Promise<Awaited<T>>');
    const result = `${generic('<T,>')}(value${generic(': T')})${generic(': T')} => value`;
    const profile = `(run${generic(': any')}) => ${tensorflow ?? 'tf'}.profile(run)`;
    return `const ${names.result} = ${result}, ${names.profile}${type} = ${run('profile')}(${where}, ${profile});`;
  }
  const type = generic(': [(site: number) => unknown, <T>(call: unknown, value: T) => T]');
  const engine = tensorflow ? `() => (${tensorflow}${any}).engine().state` : 'undefined';
  const made = `${run('SITES', 'engine')}(${where}, ${quoted(sites.map(config))}, ${engine})`;
  const nothing = `[() => undefined, (${generic('_: unknown, value: unknown') || '_, value'}) => value]${any}`;
  return `const [${names.begin}, ${names.end}]${type} = (() => { try { return ${made}; } catch { return ${nothing}; } })();`;
}

function config({ number, site }: { number: number; site: Site }): object {
  const { id, line, column, endLine, callee, framework, runtime } = site;
  const { qualname, ordinal, utf8Column, endUtf8Column } = runtime;
  return {
    index: number,
    id,
    line,
    column,
    utf8Column,
    endLine,
    endUtf8Column,
    qualname,
    callee,
    ordinal,
    framework,
  };
}

/** JSON in ASCII: a line separator inside a string would end our line for some readers. */
function quoted(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
