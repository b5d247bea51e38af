/** A forgiving protobuf walker: no schema, no allocation per field, and it stops at the first broken byte. */

const utf8 = new TextDecoder();

/** Walks the fields of one message in [from, to). Read `field` and the value members after `next()`. */
export class Fields {
  field = 0;
  wire = 0;
  /** Wire type 0: low and high 32 bits. */
  low = 0;
  high = 0;
  /** Wire type 2 (payload), 1 and 5 (the raw bytes): [from, to). */
  from = 0;
  to = 0;
  /** Offset of the byte at which the message stopped making sense, or -1. */
  broken = -1;
  readonly #bytes: Uint8Array;
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array, from = 0, to: number = bytes.length) {
    this.#bytes = bytes;
    this.reset(from, to);
  }

  reset(from: number, to: number): this {
    this.#at = from;
    this.#end = to;
    this.broken = -1;
    return this;
  }

  /** False at the end of the message. A payload that reaches beyond the end is cut to it and marks the message broken. */
  next(): boolean {
    if (this.#at >= this.#end || this.broken >= 0) return false;
    const begin = this.#at;
    if (!this.#varint()) return this.#fail(begin);
    this.field = (this.low >>> 3) + (this.high & 0xff) * 0x2000_0000;
    this.wire = this.low & 7;
    if (this.field === 0) return this.#fail(begin);
    switch (this.wire) {
      case 0:
        return this.#varint() || this.#fail(begin);
      case 1:
        return this.#fixed(8) || this.#fail(begin);
      case 5:
        return this.#fixed(4) || this.#fail(begin);
      case 2: {
        if (!this.#varint()) return this.#fail(begin);
        const length = this.low + this.high * 0x1_0000_0000;
        this.from = this.#at;
        this.to = this.#at + length;
        if (this.to > this.#end) {
          this.to = this.#end;
          this.broken = begin;
        }
        this.#at = this.to;
        return true;
      }
      default:
        return this.#fail(begin);
    }
  }

  /** The varint as an unsigned number; above 2^53 it is rounded. */
  get unsigned(): number {
    return this.low + this.high * 0x1_0000_0000;
  }

  /** The varint as int64: a number where that is exact, else a bigint. */
  get signed(): number | bigint {
    const high = this.high | 0;
    // 2^21 * 2^32 = 2^53.
    if (high >= -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + this.low;
    return BigInt.asIntN(64, this.bits);
  }

  /** The 64-bit pattern as a map key: a number where that is exact, else a bigint. */
  get key(): number | bigint {
    return this.high < 0x20_0000 ? this.low + this.high * 0x1_0000_0000 : this.bits;
  }

  get bits(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  get text(): string {
    return utf8.decode(this.#bytes.subarray(this.from, this.to));
  }

  get double(): number {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.from, 8).getFloat64(0, true);
  }

  get payload(): Uint8Array {
    return this.#bytes.subarray(this.from, this.to);
  }

  #fail(at: number): false {
    this.broken = at;
    return false;
  }

  #fixed(size: number): boolean {
    this.from = this.#at;
    this.to = this.#at + size;
    this.#at = this.to;
    return this.to <= this.#end;
  }

  #varint(): boolean {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) return false;
      const byte = bytes[this.#at++]!;
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high |= part >>> 4;
      } else if (shift < 63) high |= part << (shift - 32);
      else high |= part << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return false;
  }
}
