/** The typed line to the extension host. */
import type { FromTimeline, TimelineTiles, ToTimeline } from '../../src/common/protocol';
import type { SavedState } from './state';
import type { TileQuestion } from './tileStore';

interface VsCodeApi {
  postMessage(message: FromTimeline): void;
  getState(): SavedState | undefined;
  setState(state: SavedState): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

type Unnumbered<T> = T extends { request: number } ? Omit<T, 'request'> : never;
type Question = Unnumbered<FromTimeline>;

export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #waiting = new Map<number, (answer: ToTimeline) => void>();
  #next = 1;

  /** `receive` gets what was not asked for: progress, opened, failed. */
  constructor(receive: (message: ToTimeline) => void) {
    addEventListener('message', (event: MessageEvent<ToTimeline>) => {
      const message = event.data;
      if (!('request' in message)) {
        receive(message);
        return;
      }
      const resolve = this.#waiting.get(message.request);
      this.#waiting.delete(message.request);
      resolve?.(message);
    });
  }

  send(message: { type: 'ready' } | { type: 'reopen' }): void {
    this.#waiting.clear();
    this.#api.postMessage(message);
  }

  /** Asks and waits; a `refused` answer is an answer too. */
  ask(question: Question): Promise<ToTimeline> {
    const request = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      this.#api.postMessage({ ...question, request });
    });
  }

  get state(): SavedState | undefined {
    return this.#api.getState();
  }

  save(state: SavedState): void {
    this.#api.setState(state);
  }
}

/** Asks for tiles and adds the names that come with them to `names`. */
export async function askTiles(
  host: Host,
  question: TileQuestion,
  names: string[],
): Promise<TimelineTiles | undefined> {
  const answer = await host.ask({ type: 'tiles', ...question });
  if (answer.type !== 'tiles') return undefined;
  answer.newNames.names.forEach((name, i) => (names[answer.newNames.from + i] = name));
  return answer.tiles;
}
