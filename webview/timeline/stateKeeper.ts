/** Saves the view's state a moment after the last change, so that a gesture costs one write. */
import type { SavedState } from './state';

const pauseMs = 200;

export class StateKeeper {
  readonly #save: (state: SavedState) => void;
  readonly #read: () => SavedState;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(read: () => SavedState, save: (state: SavedState) => void) {
    this.#read = read;
    this.#save = save;
  }

  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#save(this.#read());
    }, pauseMs);
  }
}
