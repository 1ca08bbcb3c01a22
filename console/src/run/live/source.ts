/** One run, kept up to date: read once, then only what changes. It outlives its views, so that going back costs nothing. */
import { type Changes, type RunId, type Skeleton, readChanges, readItemPhases, readSkeleton } from "../../api/runs";
import { follow } from "../../live/live";
import { isOpenRun } from "../../status/status";
import { setServerNow } from "../../ui/clock";
import { type Store, createStore } from "../../ui/store";
import { type RunState, isGap, itemsOver, joined, laidOver, stateOf } from "./state";

export interface Known {
  readonly state: RunState | null;
  readonly error: unknown;
  /** The phases of the items of arrays that somebody looks at. */
  readonly items: ReadonlyMap<string, Uint8Array>;
}

const AGAIN_MS = 2_000;

export class RunSource {
  readonly id: RunId;
  readonly known: Store<Known> = createStore<Known>({ state: null, error: null, items: new Map() });
  private users = 0;
  private stop: (() => void) | null = null;
  private ahead: Promise<Skeleton> | null = null;
  private readonly inside = new Set<string>();

  constructor(id: RunId) {
    this.id = id;
  }

  /** Ask for it before anybody uses it. Gives nothing if it is known. */
  async readAhead(): Promise<Skeleton | null> {
    if (this.users || this.known.get().state) return null;
    this.ahead ??= readSkeleton(this.id);
    try {
      return await this.ahead;
    } catch {
      this.ahead = null;
      return null;
    }
  }

  /** Keep it up to date until the function that is returned is called. */
  use(): () => void {
    this.users += 1;
    if (this.users === 1) this.begin();
    return () => {
      this.users -= 1;
      if (this.users === 0) this.end();
    };
  }

  retry(): void {
    this.end();
    if (this.users) this.begin();
  }

  /** Read what is inside a node of a run that is too large to be read at once. */
  async open(node: string): Promise<void> {
    const { state } = this.known.get();
    if (!state?.partial || this.inside.has(node)) return;
    this.inside.add(node);
    for (let cursor = ""; ; ) {
      const more = await readSkeleton(this.id, { parent: node, ...(cursor ? { cursor } : {}) });
      this.change((now) => (now.state ? { ...now, state: joined(now.state, more) } : now));
      if (!more.next) return;
      cursor = more.next;
    }
  }

  /** Read the phases of an array's items; from then on they follow the changes. */
  async watchItems(node: string): Promise<Uint8Array> {
    const phases = await readItemPhases(this.id, node);
    this.change((now) => ({ ...now, items: new Map(now.items).set(node, phases) }));
    return phases;
  }

  private begin(): void {
    const abort = new AbortController();
    let unfollow: (() => void) | null = null;
    this.stop = () => {
      abort.abort();
      unfollow?.();
    };
    void this.read(abort.signal).then((state) => {
      if (!state || abort.signal.aborted || !isOpenRun(state.run.phase)) return;
      unfollow = follow(this.id, state.seq, {
        read: (since, signal) => readChanges(this.id, since, signal),
        told: (changes) => this.take(changes),
      });
    });
  }

  private end(): void {
    this.stop?.();
    this.stop = null;
  }

  private async read(signal: AbortSignal): Promise<RunState | null> {
    try {
      const first = await (this.ahead ?? readSkeleton(this.id, {}, { signal }));
      this.ahead = null;
      setServerNow(first.now);
      let state = stateOf(first);
      this.change((now) => ({ ...now, state, error: null }));
      for (let next = first.next ?? ""; next && !state.partial; ) {
        const more: Skeleton = await readSkeleton(this.id, { cursor: next }, { signal });
        state = joined(state, more);
        next = more.next ?? "";
        this.change((now) => ({ ...now, state }));
      }
      return state;
    } catch (error) {
      if (signal.aborted) return null;
      this.change((now) => ({ ...now, error }));
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      const away = (error as { status?: number }).status === 0;
      return away && !signal.aborted ? this.read(signal) : null;
    }
  }

  /** Returns the sequence to go on from. */
  private take(changes: Changes): number {
    setServerNow(changes.now);
    const { state: before } = this.known.get();
    if (changes.reset || (before && isGap(before, changes))) {
      this.retry();
      return changes.seq;
    }
    this.change((now) => {
      if (!now.state) return now;
      const state = laidOver(now.state, changes);
      return state === now.state ? now : { state, error: null, items: itemsOver(now.items, changes) };
    });
    for (const [node, told] of Object.entries(changes.items)) {
      if (told === null && this.known.get().items.has(node)) void this.watchItems(node);
    }
    return changes.seq;
  }

  private change(how: (now: Known) => Known): void {
    this.known.update(how);
  }
}
