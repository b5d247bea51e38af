/** Just enough protobuf to make XSpace files by hand. */

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const part = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? part | 0x80 : part);
  } while (rest > 0n);
  return bytes;
}

export function int(field: number, value: bigint): Uint8Array {
  return Uint8Array.from([...varint(BigInt(field << 3)), ...varint(value)]);
}

export function double(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (field << 3) | 1;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

export function bytesField(field: number, value: Uint8Array): Uint8Array {
  return message(
    Uint8Array.from([...varint(BigInt((field << 3) | 2)), ...varint(BigInt(value.length))]),
    value,
  );
}

export function text(field: number, value: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(value));
}

export function message(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
