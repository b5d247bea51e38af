/** Resamples of recorded real runs: how often a comparison cries wolf, and how often it finds a slowdown. */
import { compareDurations, generator, type Change } from '../../../src/insight/comparison';

/** Durations of the calls of each run in ns, in the order in which the runs were made. */
export type RecordedRuns = number[][];

export interface Rates {
  falseAlarms: number;
  found: number;
  /** Median half width of the interval, as a ratio: 1.05 is 5 %. */
  halfWidth: number;
}

/**
 * `each` runs a side out of neighbours, in turn, their calls drawn again in blocks; B as it is, and with all its calls
 * `slowdown` times as long.
 */
export function rates(
  runs: RecordedRuns,
  options: { each: number; resamples: number; slowdown: number; seed: number },
): Rates {
  const { each, resamples, slowdown, seed } = options;
  const random = generator(seed);
  let alarms = 0;
  let found = 0;
  const widths: number[] = [];
  for (let i = 0; i < resamples; i++) {
    const first = Math.floor(random() * (runs.length - 2 * each + 1));
    const a: Float64Array[] = [];
    const b: Float64Array[] = [];
    for (let pair = 0; pair < each; pair++) {
      const two = [runs[first + 2 * pair]!, runs[first + 2 * pair + 1]!].map((run) => drawn(run, random));
      // Which of the two is A is as good as drawn.
      if (random() < 0.5) two.reverse();
      a.push(two[0]!);
      b.push(two[1]!);
    }
    const compare = (after: Float64Array[]): Change =>
      compareDurations(a, after, { paired: each > 1, seed: i + 1 });
    const same = compare(b);
    if (same.verdict !== 'same') alarms++;
    widths.push(same.high! / same.ratio!);
    if (compare(b.map((run) => run.map((ns) => ns * slowdown))).verdict === 'slower') found++;
  }
  widths.sort((x, y) => x - y);
  return {
    falseAlarms: alarms / resamples,
    found: found / resamples,
    halfWidth: widths[widths.length >> 1]!,
  };
}

/** A run's calls in blocks that are drawn with replacement. */
function drawn(run: readonly number[], random: () => number): Float64Array {
  const block = Math.max(1, Math.round(Math.sqrt(run.length)));
  const made = new Float64Array(run.length);
  for (let at = 0; at < run.length; at += block) {
    const from = Math.floor(random() * (run.length - block + 1));
    for (let i = 0; i < block && at + i < run.length; i++) made[at + i] = run[from + i]!;
  }
  return made;
}
