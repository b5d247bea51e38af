import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Parser } from 'web-tree-sitter';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadParsers, type InstrumentedLanguage } from '../../../src/instrument/grammars';
import { createInstrumenter, type InsertForm, type Instrumenter } from '../../../src/instrument/instrument';
import { RunReader } from '../../../src/runs/runReader';
import { SourceText } from '../../../src/sites/positions';
import type { Site } from '../../../src/sites/site';
import { localFiles } from '../../../src/targets/localFiles';
import { grammars } from './instrumenters';

let instrumenter: Instrumenter;
let parsers: Map<InstrumentedLanguage, Parser>;
beforeAll(async () => {
  instrumenter = await createInstrumenter({ wasm: grammars() });
  parsers = await loadParsers({ wasm: grammars() });
});

/** Every call of `predict` or `executeAsync`. */
function sitesOf(text: string, language: InstrumentedLanguage): Site[] {
  const source = new SourceText(text);
  const tree = parsers.get(language)!.parse(source.text)!;
  const found = tree.rootNode.descendantsOfType('call_expression');
  const calls = found.filter((node) =>
    /\.(predict|executeAsync)$/.test(node.childForFieldName('function')!.text),
  );
  return calls.map((node, ordinal) => ({
    ...source.range(node.startIndex, node.endIndex),
    id: `${ordinal}`.padStart(16, '0'),
    file: '/app/main.js',
    callee: 'model.predict',
    framework: 'tfjs',
    kind: 'predict',
    inLoop: false,
    inProfiler: false,
    confidence: 1,
    reason: '',
    runtime: { qualname: '', callee: 'model.predict', ordinal, utf8Column: 0, endUtf8Column: 0 },
  }));
}

function insert(
  text: string,
  form: InsertForm = 'compact',
  language: InstrumentedLanguage = 'javascript',
  logDirectory = '/tmp/l "ö"',
): ReturnType<Instrumenter['insert']> {
  const sites = sitesOf(text, language);
  const result = instrumenter.insert({ text, language, sites, form, logDirectory, file: '/app/main.js' });
  expect(instrumenter.remove(result.text, language)).toMatchObject({ text, left: [] });
  return result;
}

const brief = (text: string): string => text.replace(/^.*\/\/ predictscope\r?\n/m, '…\n');

describe('JavaScript and TypeScript', () => {
  test.each<[InstrumentedLanguage, string, string]>([
    ['javascript', 'const y = model.predict(x);\n', '…\nconst y = E(B(1), model.predict(x));\n'],
    [
      'javascript',
      "'use strict'\nimport * as tf from 'a'\nmodel.predict(x)",
      "'use strict'\nimport * as tf from 'a'\n…\nE(B(1), model.predict(x))",
    ],
    [
      'javascript',
      '#!/usr/bin/env node\n// c\nf(() => m.predict(m.predict(x)))\n',
      '#!/usr/bin/env node\n…\n// c\nf(() => E(B(1), m.predict(E(B(2), m.predict(x)))))\n',
    ],
    [
      'javascript',
      'async () => { await m.executeAsync(x) }\n',
      '…\nasync () => { await E(B(1), m.executeAsync(x)) }\n',
    ],
    ['typescript', 'const y = model.predict(x) as T;\n', '…\nconst y = E(B(1), model.predict(x)) as T;\n'],
    [
      'tsx',
      'const y = <p>{m.predict(`${m.predict(x)}`)}</p>;\n',
      '…\nconst y = <p>{E(B(1), m.predict(`${E(B(2), m.predict(x))}`))}</p>;\n',
    ],
  ])('%s %j', (language, before, after) => {
    const short = brief(insert(before, 'compact', language).text).replace(/_predictscope/g, '');
    expect(short).toBe(after);
    insert(`\uFEFF${before.replace(/\n/g, '\r\n')}`, 'compact', language);
  });

  test('plain: only where one can wait', () => {
    const head = "import * as tf from '@tensorflow/tfjs';\n";
    const text = insert(`${head}const y = model.predict(x);\n`, 'plain').text;
    expect(brief(text)).toBe(
      `${head}…\nconst y = _predictscopeR(await _predictscopeProfile(() => model.predict(x)));\n`,
    );
    insert(`${head}const f = async () => (model.predict(await x)).print();\n`, 'plain', 'typescript');
    const refused = (code: string): string[] => insert(code, 'plain').refused.map(({ reason }) => reason);
    expect(refused(`${head}tf.tidy(() => model.predict(x));\n`)).toEqual([
      expect.stringMatching(/not async/),
    ]);
    expect(refused("const tf = require('@tensorflow/tfjs');\nmodel.predict(x)\n")).toEqual([
      expect.stringMatching(/not async/),
    ]);
    expect(refused('export const y = model.predict(x)\n')).toEqual([expect.stringMatching(/not imported/)]);
    expect(refused('const y = = model.predict(x)\n')).toEqual([expect.stringMatching(/syntax|place/)]);
  });

  test('again, by lines, damaged', () => {
    const text = 'model.predict(1);\nmodel.predict(2);\n';
    const all = insert(text).text;
    const sites = sitesOf(all, 'javascript');
    const request = {
      text: all,
      language: 'javascript',
      sites,
      form: 'compact',
      logDirectory: '/l',
      file: '/f',
    } as const;
    expect(instrumenter.insert(request).refused.map(({ reason }) => reason)).toEqual(
      Array(2).fill('The profiler calls are already there.'),
    );
    expect(instrumenter.inserted(all, 'javascript').map(({ line }) => line)).toEqual([2, 3]);
    const one = instrumenter.remove(all, 'javascript', new Set([3]));
    expect(brief(one.text)).toBe(
      '…\n_predictscopeE(_predictscopeB(1), model.predict(1));\nmodel.predict(2);\n',
    );
    expect(instrumenter.remove(one.text, 'javascript').text).toBe(text);
    const damaged = all.replace('_predictscopeB(1), ', '');
    expect(instrumenter.remove(damaged, 'javascript').left.map(({ line }) => line)).toEqual([2]);
  });

  test.each(['mjs', 'cjs'])('a program (%s) runs as before, and its run can be read', async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'predictscope-js-'));
    const logs = join(folder, 'logs');
    const program = [
      kind === 'mjs'
        ? "import { setTimeout as wait } from 'node:timers/promises';"
        : "const wait = require('node:timers/promises').setTimeout;",
      'const kernels = [];',
      'const state = { profiling: false, activeProfile: null };',
      'const tf = { engine: () => ({ state }) };',
      'const model = {',
      '  predict(x) { if (x === 7) throw new Error("seven"); if (state.profiling) state.activeProfile.kernels.push({ name: "MatMul", kernelTimeMs: Promise.resolve(2) }); return x + 1; },',
      '  async executeAsync(x) { await wait(20); if (x === 3) throw new Error("three"); return x; },',
      '};',
      'for (let i = 0; i < 9; i++) try { console.log(model.predict(i)); } catch (e) { console.log(e.message); }',
      '(async () => {',
      '  for (let i = 0; i < 4; i++) try { console.log(await model.executeAsync(i)); } catch (e) { console.log(e.message); }',
      '  console.log(state.profiling);',
      '})();',
      '',
    ].join('\n');
    const file = join(folder, `main.${kind}`);
    const run = (): string => {
      const done = spawnSync('node', [file], { encoding: 'utf8' });
      return `${done.stdout}${done.stderr}${done.status}`;
    };
    writeFileSync(file, program);
    const before = run();
    writeFileSync(file, insert(program, 'compact', 'javascript', logs).text);
    expect(run()).toBe(before);
    const [name] = readdirSync(logs);
    const reader = new RunReader(join(logs, name!), localFiles);
    await reader.poll();
    expect(reader.config!.files[0]!.sites).toHaveLength(2);
    const { calls, process: record, exitUnixNs } = reader.processes[0]!;
    expect(record!.argv[1]).toBe(file);
    expect(exitUnixNs).toBeGreaterThan(0n);
    const sites = Array.from(calls.site.subarray(0, calls.length));
    expect(sites.filter((site) => site === 1)).toHaveLength(8); // what throws at once is not counted
    expect(sites.filter((site) => site === 2)).toHaveLength(4);
    const slow = sites.indexOf(2);
    expect(calls.end[slow]! - calls.begin[slow]!).toBeGreaterThan(15e6);
    expect(calls.flags[sites.lastIndexOf(2)]).toBe(1);
    const log = readFileSync(join(reader.processes[0]!.directory, 'process.jsonl'), 'utf8');
    expect(log).toContain('"t":"kernels"');
  });

  test('where strings cannot be run, the program runs all the same', () => {
    const folder = mkdtempSync(join(tmpdir(), 'predictscope-js-'));
    const file = join(folder, 'main.mjs');
    const text = insert('const model = { predict: (x) => x };\nconsole.log(model.predict(1));\n').text;
    writeFileSync(file, text);
    const done = spawnSync('node', ['--disallow-code-generation-from-strings', file], { encoding: 'utf8' });
    expect([done.stdout, done.stderr]).toEqual(['1\n', '']);
  });
});
