/** The bytes of a log as lines. It holds all that was read, so that search and copying work on the log and not on the page. */

const NEWLINE = 10;
const PIECE_LINES = 4_096;
const decoder = new TextDecoder("utf-8", { fatal: false });

export class LogBuffer {
  /** Where in the log the first byte that is held stands. */
  offset: number;
  private bytes: Uint8Array;
  private used = 0;
  /** Where lines begin, in the bytes that are held. */
  private starts: number[] = [0];

  constructor(offset = 0) {
    this.offset = offset;
    this.bytes = new Uint8Array(1 << 16);
  }

  /** Where in the log the next byte is. */
  get end(): number {
    return this.offset + this.used;
  }

  get lineCount(): number {
    return this.used === 0 ? 0 : this.starts.length - ((this.starts.at(-1) ?? 0) === this.used ? 1 : 0);
  }

  append(more: Uint8Array): void {
    this.reserve(this.used + more.length);
    this.bytes.set(more, this.used);
    for (let at = more.indexOf(NEWLINE); at >= 0; at = more.indexOf(NEWLINE, at + 1)) this.starts.push(this.used + at + 1);
    this.used += more.length;
  }

  /** Put what stands before what is held. */
  prepend(before: Uint8Array): void {
    const old = { bytes: this.bytes.subarray(0, this.used), starts: this.starts };
    this.offset -= before.length;
    this.bytes = new Uint8Array(before.length + old.bytes.length);
    this.used = 0;
    this.starts = [0];
    this.append(before);
    this.append(old.bytes);
  }

  line(index: number): string {
    const from = this.starts[index];
    if (from === undefined) return "";
    const next = this.starts[index + 1];
    return decoder.decode(this.bytes.subarray(from, next === undefined ? this.used : next - 1));
  }

  /** All lines, in pieces of some thousand: one by one they take several times as long to decode. */
  *pieces(): Generator<string> {
    const count = this.lineCount;
    for (let from = 0; from < count; from += PIECE_LINES) {
      const to = Math.min(count, from + PIECE_LINES);
      const end = this.starts[to] ?? this.used;
      const text = decoder.decode(this.bytes.subarray(this.starts[from], end));
      yield text.endsWith("\n") ? text.slice(0, -1) : text;
    }
  }

  text(): string {
    return decoder.decode(this.bytes.subarray(0, this.used));
  }

  private reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(size, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }
}

/** What a terminal shows of a line that returns to its beginning: a progress bar is its last state. */
export function settled(line: string): string {
  const trimmed = line.endsWith("\r") ? line.slice(0, -1) : line;
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}
