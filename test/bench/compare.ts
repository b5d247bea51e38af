/** See compare.mjs. Arguments: the checkout, an interpreter with the frameworks, and `--record`. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { comparedRun } from '../../src/insight/comparedRuns';
import { compareDurations } from '../../src/insight/comparison';
import { summarizeRun } from '../../src/insight/runSummary';
import { RunReader } from '../../src/runs/runReader';
import { localFiles } from '../../src/targets/localFiles';
import { rates, type RecordedRuns } from '../unit/insight/resampling';

const execute = promisify(execFile);
const [root, python, ...words] = process.argv.slice(2) as [string, string, ...string[]];
const file = path.join(root, 'test/fixtures/compare/durations.json');

/** `SLOW` makes each call longer by that share of what it takes. */
const programs: Record<string, { runs: number; text: string }> = {
  'Keras predict': {
    runs: 20,
    text: `
import os, time
import keras, numpy
net = keras.Sequential([keras.Input((400, 4)), *[keras.layers.Conv1D(16, 11, padding="same") for _ in range(3)]])
x = numpy.ones((1, 400, 4), "float32")
slow = float(os.environ.get("SLOW", 0))
class Model:
    def predict(self, x):
        begin = time.perf_counter()
        y = net.predict(x, verbose=0)
        end = time.perf_counter()
        while time.perf_counter() - end < slow * (end - begin): pass
        return y
model = Model()
for i in range(90): model.predict(x)  # site
`,
  },
  'PyTorch, LeNet-5': {
    runs: 24,
    text: `
import os, time
import torch
from torch.nn import AvgPool2d, Conv2d, Flatten, Linear, Sequential, Tanh
torch.set_num_threads(1)
net = Sequential(
    Conv2d(1, 6, 5, padding=2), Tanh(), AvgPool2d(2), Conv2d(6, 16, 5), Tanh(), AvgPool2d(2), Conv2d(16, 120, 5), Tanh(),
    Flatten(), Linear(120, 84), Tanh(), Linear(84, 10),
).eval()
slow = float(os.environ.get("SLOW", 0))
class Model:
    def predict(self, x):
        begin = time.perf_counter()
        y = net(x)
        end = time.perf_counter()
        while time.perf_counter() - end < slow * (end - begin): pass
        return y
model = Model()
x = torch.ones(1, 1, 28, 28)
with torch.no_grad():
    for i in range(1500): model.predict(x)  # site
`,
  },
};

/** Durations of one real run. */
async function measured(text: string, slow = 0): Promise<number[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'predictscope-compare-'));
  try {
    const main = path.join(folder, 'main.py');
    await writeFile(main, text);
    const line = text.split('\n').findIndex((each) => each.includes('# site')) + 1;
    const report = path.join(folder, 'report.json');
    await execute(
      process.execPath,
      [
        path.join(root, 'dist/cli.js'),
        'profile',
        '--site',
        `${main}:${line}`,
        '--json',
        report,
        '--',
        python,
        main,
      ],
      { cwd: folder, env: { ...process.env, SLOW: String(slow) } },
    );
    const { run } = JSON.parse(await readFile(report, 'utf8')) as { run: { directory: string } };
    const reader = new RunReader(run.directory, localFiles);
    await reader.poll();
    const [durations] = comparedRun(reader, summarizeRun(reader)).durations.values();
    return [...(durations ?? [])];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function record(): Promise<void> {
  const found: Record<string, RecordedRuns> = {};
  for (const [name, { runs, text }] of Object.entries(programs)) {
    found[name] = [];
    for (let i = 0; i < runs; i++) {
      const durations = await measured(text);
      // Of many calls a part in order, so that the file stays small.
      found[name].push(durations.slice(0, 400).map(Math.round));
      console.log(`${name}: run ${i + 1} of ${runs}, ${durations.length} calls`);
    }
  }
  const made = `npm run bench:compare -- --record on ${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]!.toFixed(1)}`;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ made, programs: found })}\n`);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

async function recorded(): Promise<void> {
  const { made, programs: found } = JSON.parse(await readFile(file, 'utf8')) as {
    made: string;
    programs: Record<string, RecordedRuns>;
  };
  console.log(`500 resamples of recorded runs (${made}), 10 % planted`);
  for (const [name, runs] of Object.entries(found)) {
    for (const each of [5, 1]) {
      const { falseAlarms, found: hits, halfWidth } = rates(runs, { each, resamples: 500, slowdown: 1.1, seed: 20261129 }); // prettier-ignore
      console.log(
        `  ${name.padEnd(18)} ${each} a side: false alarms ${percent(falseAlarms)}, found ${percent(hits)}, interval ±${percent(halfWidth - 1)}`,
      );
    }
  }
}

async function live(): Promise<void> {
  console.log(`live, 5 a side in turn, load ${loadavg()[0]!.toFixed(1)}`);
  for (const [name, { text }] of Object.entries(programs)) {
    for (const slow of [0, 0.1]) {
      const a: Float64Array[] = [];
      const b: Float64Array[] = [];
      for (let i = 0; i < 5; i++) {
        const sides = [
          async () => a.push(Float64Array.from(await measured(text))),
          async () => b.push(Float64Array.from(await measured(text, slow))),
        ];
        if (i % 2 === 1) sides.reverse();
        for (const side of sides) await side();
      }
      const { ratio, low, high, verdict } = compareDurations(a, b, { paired: true });
      console.log(
        `  ${name.padEnd(18)} planted ${percent(slow)}: ${percent(ratio! - 1)} (${percent(low! - 1)} to ${percent(high! - 1)}), ${verdict}`,
      );
    }
  }
}

if (words.includes('--record')) await record();
await recorded();
if (!words.includes('--no-live')) await live();
