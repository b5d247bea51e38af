// npm run bench:overhead: what the recorder costs the program, in CPU time, by interleaved pairs.
// Not a test: figures go to test/bench/RESULTS.md. Let nothing else run on the machine.
import { root } from '../../scripts/lib/paths.mjs';
import { ensureVenv } from '../../scripts/lib/python.mjs';
import { run, runLive } from '../../scripts/lib/run.mjs';

await run(process.execPath, ['esbuild.mjs'], { cwd: root });
const python = await ensureVenv({ frameworks: true });
process.exitCode = await runLive(python, ['test/bench/overhead.py', ...process.argv.slice(2)], { cwd: root });
