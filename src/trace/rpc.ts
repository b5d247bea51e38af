/** Messages between the trace client and its worker, and the calls that both ends know. */
import type { TraceModel, OpenedTrace, EventDetail, Direction } from './engine';
import type { SearchResult, SelectResult } from './queries';
import { summarizeModel, type TraceSummary } from './summary';
import { tileBuffers, type Tiles, type TilesRequest } from './tiles';

/** The questions a client can ask about an open trace, by method name. */
export interface TraceCalls {
  tiles(request: TilesRequest): Tiles;
  names(ids: Uint32Array): string[];
  at(track: number, depth: number, time: number, toleranceTicks: number): number | undefined;
  detail(event: number): EventDetail | undefined;
  neighbour(event: number, direction: Direction): number | undefined;
  select(t0: number, t1: number, tracks: number[]): SelectResult;
  search(text: string): SearchResult;
  summary(): TraceSummary;
}

export type CallName = keyof TraceCalls;

export type ToWorker =
  | { type: 'open'; id: number; paths: string[] }
  | { type: 'cancel'; id: number }
  | { type: 'call'; id: number; method: CallName; args: unknown[] };

export type FromWorker =
  | { type: 'result'; id: number; value: unknown }
  | { type: 'error'; id: number; message: string; fix: string | undefined; user: boolean; cancelled: boolean }
  | { type: 'progress'; id: number; file: string; fraction: number };

/** Answers one call on a model. */
export function answer(model: TraceModel, method: CallName, args: unknown[]): unknown {
  if (method === 'summary') return summarizeModel(model);
  const calls = model as unknown as Record<string, (...args: unknown[]) => unknown>;
  return calls[method]!(...args);
}

/** Buffers of a result that can be handed over instead of copied. */
export function transferable(method: CallName, value: unknown): ArrayBuffer[] {
  return method === 'tiles' ? tileBuffers(value as Tiles) : [];
}

/** What `open` tells of a model; plain data that can be posted. */
export function describeOpened(model: TraceModel): OpenedTrace {
  const { tracks, files, originUnixNs, tickPs, spanTicks, events, problems } = model;
  return { tracks, files, originUnixNs, tickPs, spanTicks, events, problems };
}
