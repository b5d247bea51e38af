/** Recorded calls of one process as columns, in slot order. Times are ns since `originPerfNs`, exact. */
export class CallTable {
  length = 0;
  site = new Uint32Array(64);
  shape = new Uint32Array(64);
  flags = new Uint16Array(64);
  thread = new Float64Array(64);
  begin = new Float64Array(64);
  /** NaN while the call is open, or for good when the process died in it. */
  end = new Float64Array(64);
  /** Slot number, -1 where slots are not numbered. */
  slot = new Int32Array(64);
  /** Slot number of the enclosing call or request, -1 for none. */
  parent = new Int32Array(64);
  /** Counts every change, so that figures are only made anew when something happened. */
  version = 0;

  add(
    site: number,
    shape: number,
    flags: number,
    thread: number,
    begin: number,
    end: number,
    slot: number,
    parent: number,
  ): number {
    const row = this.length++;
    if (row === this.site.length) this.#grow();
    this.site[row] = site;
    this.thread[row] = thread;
    this.begin[row] = begin;
    this.slot[row] = slot;
    this.parent[row] = parent;
    this.update(row, shape, flags, begin, end);
    return row;
  }

  /** An open call was re-stamped, got its shape, or ended. */
  update(row: number, shape: number, flags: number, begin: number, end: number): void {
    this.shape[row] = shape;
    this.flags[row] = flags;
    this.begin[row] = begin;
    this.end[row] = end;
    this.version++;
  }

  #grow(): void {
    const size = this.site.length * 2;
    this.site = widen(this.site, new Uint32Array(size));
    this.shape = widen(this.shape, new Uint32Array(size));
    this.flags = widen(this.flags, new Uint16Array(size));
    this.thread = widen(this.thread, new Float64Array(size));
    this.begin = widen(this.begin, new Float64Array(size));
    this.end = widen(this.end, new Float64Array(size));
    this.slot = widen(this.slot, new Int32Array(size));
    this.parent = widen(this.parent, new Int32Array(size));
  }
}

function widen<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
