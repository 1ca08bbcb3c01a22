/** Reads one log: its end first, then on as it grows, and back when somebody wants what was before. */
import { type LogOf, readLog } from "../../api/logs";
import { type Store, createStore } from "../../ui/store";
import { LogBuffer } from "./buffer";

export interface LogState {
  /** A new number with each change of the buffer. */
  readonly version: number;
  readonly size: number;
  readonly ended: boolean;
  readonly error: unknown;
  readonly loading: boolean;
}

const CHUNK = 256 << 10;
/** A log of no more is read as a whole before it is shown, so that its lines have their numbers at once. */
const WHOLE_MAX = 2 << 20;
const EACH_MS = 700;

export class LogReader {
  readonly of: LogOf;
  readonly state: Store<LogState> = createStore<LogState>({ version: 0, size: 0, ended: false, error: null, loading: true });
  buffer = new LogBuffer();
  private abort = new AbortController();

  constructor(of: LogOf) {
    this.of = of;
  }

  start(isOpen: () => boolean): () => void {
    this.abort = new AbortController();
    void this.run(isOpen, this.abort.signal);
    return () => this.abort.abort();
  }

  get hasEarlier(): boolean {
    return this.buffer.offset > 0;
  }

  /** Read some more of what stands before. Returns how many lines that are. */
  async earlier(all = false): Promise<number> {
    const before = this.buffer.lineCount;
    const from = all ? 0 : Math.max(0, this.buffer.offset - 4 * CHUNK);
    if (this.buffer.offset === 0) return 0;
    const piece = await readLog(this.of, { offset: from, limit: this.buffer.offset - from }, this.abort.signal);
    this.buffer.prepend(piece.bytes.subarray(0, this.buffer.offset - from));
    this.changed({});
    return this.buffer.lineCount - before;
  }

  private async run(isOpen: () => boolean, signal: AbortSignal): Promise<void> {
    try {
      const first = await readLog(this.of, { tail: CHUNK }, signal);
      this.buffer = new LogBuffer(first.offset);
      this.buffer.append(first.bytes);
      if (first.offset <= WHOLE_MAX) await this.earlier(true);
      this.changed({ size: first.size, ended: first.ended, loading: false });
      if (first.ended && this.buffer.end >= first.size) return;
      while (!signal.aborted) {
        const { end } = this.buffer;
        const wasOpen = isOpen();
        const more = await readLog(this.of, { offset: end, limit: 16 * CHUNK }, signal);
        if (more.bytes.length) this.buffer.append(more.bytes);
        if (more.bytes.length || more.ended !== this.state.get().ended) this.changed({ size: Math.max(more.size, this.buffer.end), ended: more.ended });
        if (!more.bytes.length && (more.ended || !wasOpen)) return this.changed({ ended: true });
        if (!more.bytes.length) await new Promise((resolve) => setTimeout(resolve, EACH_MS));
      }
    } catch (error) {
      if (!signal.aborted) this.changed({ error, loading: false });
    }
  }

  private changed(part: Partial<LogState>): void {
    this.state.update((now) => ({ ...now, ...part, version: now.version + 1 }));
  }
}
