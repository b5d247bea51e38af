// npm run bench:overhead [-- PAIRS]: what the recorder costs the program, in CPU time, by interleaved pairs;
// then three programs beside other profilers (npm run bench:overhead -- --peers [ROUNDS [PEER_ROUNDS]] [--stress]).
// Not a test: figures go to test/bench/RESULTS.md. Let nothing else run on the machine.
import { root } from '../../scripts/lib/paths.mjs';
import { ensureVenv } from '../../scripts/lib/python.mjs';
import { run, runLive } from '../../scripts/lib/run.mjs';

await run(process.execPath, ['esbuild.mjs'], { cwd: root });
const python = await ensureVenv({ frameworks: true, peers: true });
const args = process.argv.slice(2);
const peersOnly = args[0] === '--peers';
const runs = peersOnly ? [['peers.py', ...args.slice(1)]] : [['overhead.py', ...args], ['peers.py']];
for (const [script, ...rest] of runs) {
  process.exitCode ||= await runLive(python, [`test/bench/${script}`, ...rest], { cwd: root });
}
