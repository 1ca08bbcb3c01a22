/** One stream of news for all that is followed. It knows neither pages nor workers: what asks and what listens is handed to it. */
import type { Changes } from "../api/runs";

export type Wanted =
  | { readonly kind: "run"; readonly project: string; readonly domain: string; readonly name: string; since: number }
  | { readonly kind: "runs"; readonly project: string; readonly domain: string; readonly filters: string; since: number };

export type Told =
  | { readonly kind: "changes"; readonly data: Changes }
  | { readonly kind: "runs"; readonly data: { readonly now: number } }
  | { readonly kind: "reset" | "end" }
  | { readonly kind: "error"; readonly data: { readonly code: string; readonly message: string } };

type Line = (Told & { readonly sub: string }) | { readonly kind: "heartbeat"; readonly now: number };

/** Opens a stream and hands over its lines; ends when the stream does. Raises what a request raises. */
export type OpenStream = (body: string, line: (text: string) => void, signal: AbortSignal) => Promise<void>;

const GATHER_MS = 30;
const LONGEST_MS = 10_000;
/** A heartbeat comes at once, and then each 15 s: after so long without one something holds the news back. */
export const SILENT_MS = 5_000;

export class Hub {
  private readonly followed = new Map<string, { wanted: Wanted; tell: (told: Told) => void }>();
  private stream: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private isLive = false;
  private readonly open: OpenStream;
  private readonly changed: (isLive: boolean) => void;
  interval = 250;

  constructor(open: OpenStream, changed: (isLive: boolean) => void) {
    this.open = open;
    this.changed = changed;
  }

  get live(): boolean {
    return this.isLive;
  }

  follow(id: string, wanted: Wanted, tell: (told: Told) => void): void {
    this.followed.set(id, { wanted, tell });
    this.soon(GATHER_MS);
  }

  unfollow(id: string): void {
    if (this.followed.delete(id)) this.soon(GATHER_MS);
  }

  /** The least time between two lines about the same. */
  pace(interval: number): void {
    if (interval === this.interval) return;
    this.interval = interval;
    this.soon(GATHER_MS);
  }

  private soon(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.start(), ms);
  }

  /** Opens a stream of all that is wanted now, and drops the one before when the new one speaks. */
  private async start(): Promise<void> {
    const before = this.stream;
    if (!this.followed.size) {
      before?.abort();
      this.stream = null;
      return;
    }
    const own = new AbortController();
    this.stream = own;
    const silent = setTimeout(() => this.set(false), SILENT_MS);
    const subscribe = [...this.followed].map(([sub, { wanted }]) => ({ sub, ...wanted }));
    try {
      await this.open(JSON.stringify({ subscribe, interval_ms: this.interval }), (text) => {
        clearTimeout(silent);
        before?.abort();
        this.failures = 0;
        this.set(true);
        this.take(JSON.parse(text) as Line);
      }, own.signal);
    } catch {
      if (!own.signal.aborted) this.failures += 1;
    } finally {
      clearTimeout(silent);
      before?.abort();
    }
    if (own.signal.aborted || this.stream !== own) return;
    this.stream = null;
    if (this.failures) this.set(false);
    if (this.followed.size) this.soon(this.failures ? wait(this.failures) : GATHER_MS);
  }

  private take(line: Line): void {
    if (line.kind === "heartbeat") return;
    const found = this.followed.get(line.sub);
    if (!found) return;
    if (line.kind === "changes") found.wanted.since = Math.max(found.wanted.since, line.data.seq);
    if (line.kind === "runs") found.wanted.since = line.data.now;
    // What has ended, and what can't be followed, is not asked for again.
    if (line.kind === "end" || line.kind === "error") this.followed.delete(line.sub);
    found.tell(line);
  }

  private set(isLive: boolean): void {
    if (isLive === this.isLive) return;
    this.isLive = isLive;
    this.changed(isLive);
  }
}

export function wait(failures: number): number {
  return Math.min(LONGEST_MS, 500 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
}
