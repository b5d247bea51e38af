/** Growable typed columns and the table of strings that the readers fill. */

type NumberArray = Float64Array | Uint32Array | Int32Array;

/** A typed array that doubles when it is full: no object per event, so no garbage to collect. */
export class Column<T extends NumberArray> {
  #data: T;
  #length = 0;
  readonly #make: (length: number) => T;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#data = make(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const bigger = this.#make(this.#data.length * 2);
      bigger.set(this.#data);
      this.#data = bigger;
    }
    this.#data[this.#length++] = value;
  }

  set(index: number, value: number): void {
    this.#data[index] = value;
  }

  /** The filled part; a view, valid until the next `push`. */
  view(): T {
    return this.#data.subarray(0, this.#length) as T;
  }
}

export function float64Column(): Column<Float64Array> {
  return new Column((length) => new Float64Array(length));
}

export function uint32Column(): Column<Uint32Array> {
  return new Column((length) => new Uint32Array(length));
}

/** Every distinct string once; id 0 is the empty string. */
export class Strings {
  readonly list: string[] = [''];
  readonly #ids = new Map<string, number>([['', 0]]);

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.list.length;
      this.#ids.set(text, id);
      this.list.push(text);
    }
    return id;
  }

  at(id: number): string {
    return this.list[id] ?? '';
  }
}

/** Interns strings by their bytes in one buffer, so that a name is decoded once and not once an event. */
export class ByteStrings {
  readonly #bytes: Uint8Array;
  readonly #decode: (from: number, to: number) => string;
  readonly #strings: Strings;
  /** Open addressing: slot → index into the ranges, plus 1. */
  #slots = new Uint32Array(1024);
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #hash: number[] = [];
  readonly #id: number[] = [];

  constructor(bytes: Uint8Array, strings: Strings, decode: (from: number, to: number) => string) {
    this.#bytes = bytes;
    this.#strings = strings;
    this.#decode = decode;
  }

  /** Id of the string whose raw bytes are [from, to). */
  id(from: number, to: number): number {
    const bytes = this.#bytes;
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash >>>= 0;
    const mask = this.#slots.length - 1;
    // FNV's low bits are weak for short strings; mixing keeps the probe chains short.
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) break;
      if (this.#hash[entry - 1] === hash && this.#same(entry - 1, from, to)) return this.#id[entry - 1]!;
      slot = (slot + 1) & mask;
    }
    const id = this.#strings.id(this.#decode(from, to));
    this.#from.push(from);
    this.#to.push(to);
    this.#hash.push(hash);
    this.#id.push(id);
    this.#slots[slot] = this.#id.length;
    if (this.#id.length * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #same(entry: number, from: number, to: number): boolean {
    const other = this.#from[entry]!;
    if (this.#to[entry]! - other !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (this.#bytes[from + i] !== this.#bytes[other + i]) return false;
    return true;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    this.#hash.forEach((hash, entry) => {
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    });
    this.#slots = slots;
  }
}
