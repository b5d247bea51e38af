/** Row layout: which row of its track an event lies in. */

export interface RowLayout {
  /** Row of each event, in the order of the given arrays. */
  row: Uint32Array;
  /** Index of the event that directly encloses it in the same stack, or -1. */
  parent: Int32Array;
  rows: number;
}

/** Beyond this many stacks an event gets the first row that is free, so that n overlapping events cost n log n. */
const maxStacks = 24;

class Stack {
  readonly ends: number[] = [];
  readonly events: number[] = [];
  depth = 0;
}

/**
 * Lays out one track. Events must be sorted by start, the longer one first. An event that lies
 * within the open one goes a row below it; one that overlaps it without lying within goes to the
 * next stack of rows (viewers that drop such events lose GPU kernels, janestreet/perfetto #35).
 * Times are ticks.
 */
export function layoutRows(start: Float64Array, end: Float64Array): RowLayout {
  const count = start.length;
  const parent = new Int32Array(count).fill(-1);
  const depth = new Uint32Array(count);
  const stackOf = new Uint32Array(count);
  const stacks: Stack[] = [];
  const overflow = new FreeRows();
  for (let event = 0; event < count; event++) {
    let placed = false;
    for (let s = 0; s < maxStacks && !placed; s++) {
      const stack = (stacks[s] ??= new Stack());
      placed = push(stack, event, start[event]!, end[event]!, parent, depth);
      if (placed) stackOf[event] = s;
    }
    if (placed) continue;
    stackOf[event] = maxStacks;
    depth[event] = overflow.take(start[event]!, end[event]!);
  }
  const firstRow = new Uint32Array(maxStacks + 1);
  let rows = 0;
  stacks.forEach((stack, s) => {
    firstRow[s] = rows;
    rows += stack.depth;
  });
  firstRow[maxStacks] = rows;
  rows += overflow.rows;
  for (let event = 0; event < count; event++) depth[event] = depth[event]! + firstRow[stackOf[event]!]!;
  return { row: depth, parent, rows };
}

function push(
  stack: Stack,
  event: number,
  start: number,
  end: number,
  parent: Int32Array,
  depth: Uint32Array,
): boolean {
  const { ends, events } = stack;
  while (ends.length > 0 && ends[ends.length - 1]! <= start) {
    ends.pop();
    events.pop();
  }
  if (ends.length > 0) {
    if (end > ends[ends.length - 1]!) return false;
    parent[event] = events[events.length - 1]!;
  }
  depth[event] = ends.length;
  ends.push(end);
  events.push(event);
  if (ends.length > stack.depth) stack.depth = ends.length;
  return true;
}

/** A heap of rows by the time they become free. */
class FreeRows {
  readonly #heap: { end: number; row: number }[] = [];
  rows = 0;

  /** The row for an event [start, end]: one that is free at `start`, else a new one. */
  take(start: number, end: number): number {
    const first = this.#heap[0];
    if (first && first.end <= start) {
      const { row } = first;
      this.#heap[0] = { end, row };
      this.#down();
      return row;
    }
    const row = this.rows++;
    this.#heap.push({ end, row });
    this.#up();
    return row;
  }

  #up(): void {
    const heap = this.#heap;
    for (let i = heap.length - 1; i > 0;) {
      const above = (i - 1) >> 1;
      if (heap[above]!.end <= heap[i]!.end) return;
      [heap[above], heap[i]] = [heap[i]!, heap[above]!];
      i = above;
    }
  }

  #down(): void {
    const heap = this.#heap;
    for (let i = 0; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && heap[child]!.end < heap[least]!.end) least = child;
      }
      if (least === i) return;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}
