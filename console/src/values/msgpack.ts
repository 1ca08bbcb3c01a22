/** MessagePack, as far as values of structs need it: how Flyte's clients write dataclasses. Pure. */

export type Packed = null | boolean | number | bigint | string | Float | Uint8Array | Packed[] | Map<Packed, Packed>;

/** Raises `RangeError` for bytes that are no MessagePack, or that end in the middle. */
export function unpack(bytes: Uint8Array): Packed {
  return new Reader(bytes, (value) => value).value();
}

/** The same, with whole floats told from whole numbers. */
export function unpackExact(bytes: Uint8Array): Packed {
  return new Reader(bytes, (value) => new Float(value)).value();
}

class Reader {
  private at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly float: (value: number) => number | Float;

  constructor(bytes: Uint8Array, float: (value: number) => number | Float) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.float = float;
  }

  value(depth = 0): Packed {
    if (depth > 200) throw new RangeError("nested too deeply");
    const tag = this.number(1, (view, at) => view.getUint8(at));
    if (tag <= 0x7f) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag >= 0xa0 && tag <= 0xbf) return this.text(tag & 0x1f);
    if (tag >= 0x90 && tag <= 0x9f) return this.list(tag & 0x0f, depth);
    if (tag >= 0x80 && tag <= 0x8f) return this.map(tag & 0x0f, depth);
    switch (tag) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.raw(this.size(1));
      case 0xc5: return this.raw(this.size(2));
      case 0xc6: return this.raw(this.size(4));
      case 0xca: return this.float(this.number(4, (view, at) => view.getFloat32(at)));
      case 0xcb: return this.float(this.number(8, (view, at) => view.getFloat64(at)));
      case 0xcc: return this.size(1);
      case 0xcd: return this.size(2);
      case 0xce: return this.size(4);
      case 0xcf: return whole(this.number(8, (view, at) => view.getBigUint64(at)));
      case 0xd0: return this.number(1, (view, at) => view.getInt8(at));
      case 0xd1: return this.number(2, (view, at) => view.getInt16(at));
      case 0xd2: return this.number(4, (view, at) => view.getInt32(at));
      case 0xd3: return whole(this.number(8, (view, at) => view.getBigInt64(at)));
      case 0xd9: return this.text(this.size(1));
      case 0xda: return this.text(this.size(2));
      case 0xdb: return this.text(this.size(4));
      case 0xdc: return this.list(this.size(2), depth);
      case 0xdd: return this.list(this.size(4), depth);
      case 0xde: return this.map(this.size(2), depth);
      case 0xdf: return this.map(this.size(4), depth);
      default: throw new RangeError(`no such type: 0x${tag.toString(16)}`);
    }
  }

  private number<T>(size: number, read: (view: DataView, at: number) => T): T {
    const found = read(this.view, this.at);
    this.at += size;
    return found;
  }

  private size(bytes: 1 | 2 | 4): number {
    return this.number(bytes, (view, at) => (bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at) : view.getUint32(at)));
  }

  private raw(size: number): Uint8Array {
    if (this.at + size > this.bytes.length) throw new RangeError("ends in the middle");
    const found = this.bytes.slice(this.at, this.at + size);
    this.at += size;
    return found;
  }

  private text(size: number): string {
    return new TextDecoder().decode(this.raw(size));
  }

  private list(size: number, depth: number): Packed[] {
    if (size > this.bytes.length) throw new RangeError("ends in the middle");
    return Array.from({ length: size }, () => this.value(depth + 1));
  }

  private map(size: number, depth: number): Map<Packed, Packed> {
    if (size > this.bytes.length) throw new RangeError("ends in the middle");
    return new Map(Array.from({ length: size }, () => [this.value(depth + 1), this.value(depth + 1)] as const));
  }
}

function whole(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** A number that is written as a float, also if it is whole. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type Packable = null | boolean | number | bigint | string | Float | Uint8Array | readonly Packable[] | ReadonlyMap<string | number | bigint, Packable>;

/** Each value in its shortest form, as msgpack for Python writes it. */
export function pack(value: Packable): Uint8Array {
  const out: number[] = [];
  write(out, value);
  return Uint8Array.from(out);
}

function write(out: number[], value: Packable): void {
  if (value === null) out.push(0xc0);
  else if (typeof value === "boolean") out.push(value ? 0xc3 : 0xc2);
  else if (value instanceof Float) float(out, value.value);
  else if (typeof value === "bigint") integer(out, value);
  else if (typeof value === "number" && Number.isInteger(value)) integer(out, BigInt(value));
  else if (typeof value === "number") float(out, value);
  else if (typeof value === "string") text(out, value);
  else if (value instanceof Uint8Array) raw(out, value);
  else if (value instanceof Map) {
    head(out, value.size, 0x80, 15, null, 0xde, 0xdf);
    for (const [key, each] of value as ReadonlyMap<string | number | bigint, Packable>) {
      write(out, key);
      write(out, each);
    }
  } else {
    const list = value as readonly Packable[];
    head(out, list.length, 0x90, 15, null, 0xdc, 0xdd);
    for (const each of list) write(out, each);
  }
}

function text(out: number[], value: string): void {
  const bytes = new TextEncoder().encode(value);
  head(out, bytes.length, 0xa0, 31, 0xd9, 0xda, 0xdb);
  for (const byte of bytes) out.push(byte);
}

function raw(out: number[], bytes: Uint8Array): void {
  if (bytes.length <= 0xff) out.push(0xc4, bytes.length);
  else if (bytes.length <= 0xffff) out.push(0xc5, bytes.length >> 8, bytes.length & 0xff);
  else out.push(0xc6, ...big(BigInt(bytes.length), 4));
  for (const byte of bytes) out.push(byte);
}

function head(out: number[], size: number, fixed: number, most: number, one: number | null, two: number, four: number): void {
  if (size <= most) out.push(fixed | size);
  else if (one !== null && size <= 0xff) out.push(one, size);
  else if (size <= 0xffff) out.push(two, size >> 8, size & 0xff);
  else out.push(four, ...big(BigInt(size), 4));
}

function integer(out: number[], value: bigint): void {
  if (value >= 0n) {
    if (value <= 0x7fn) out.push(Number(value));
    else if (value <= 0xffn) out.push(0xcc, Number(value));
    else if (value <= 0xffffn) out.push(0xcd, ...big(value, 2));
    else if (value <= 0xffffffffn) out.push(0xce, ...big(value, 4));
    else out.push(0xcf, ...big(value, 8));
  } else if (value >= -32n) out.push(Number(value) + 0x100);
  else if (value >= -0x80n) out.push(0xd0, ...big(value, 1));
  else if (value >= -0x8000n) out.push(0xd1, ...big(value, 2));
  else if (value >= -0x80000000n) out.push(0xd2, ...big(value, 4));
  else out.push(0xd3, ...big(value, 8));
}

function big(value: bigint, size: number): number[] {
  const unsigned = BigInt.asUintN(size * 8, value);
  return Array.from({ length: size }, (_, at) => Number((unsigned >> BigInt(8 * (size - 1 - at))) & 0xffn));
}

function float(out: number[], value: number): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  out.push(0xcb, ...bytes);
}
