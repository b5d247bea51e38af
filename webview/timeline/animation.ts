/** Eased changes of the visible range; at once when the user asked for less motion. */
import type { TimeRange } from './state';
import { reducedMotion } from './theme';

const lengthMs = 160;

export class Animation {
  readonly #show: (view: TimeRange) => void;
  #frame = 0;

  constructor(show: (view: TimeRange) => void) {
    this.#show = show;
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  run(from: TimeRange, to: TimeRange): void {
    this.stop();
    if (reducedMotion()) {
      this.#show(to);
      return;
    }
    const began = performance.now();
    const step = (now: number): void => {
      const share = Math.min(1, Math.max(0, (now - began) / lengthMs));
      const eased = 1 - (1 - share) ** 3;
      const between = (a: number, b: number): number => a + (b - a) * eased;
      this.#show(share === 1 ? to : { t0: between(from.t0, to.t0), t1: between(from.t1, to.t1) });
      if (share < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}
