import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hub, SILENT_MS, type Told } from "./hub";

interface Opened {
  readonly body: { subscribe: { sub: string; since: number }[]; interval_ms: number };
  readonly say: (line: object) => void;
  readonly end: () => void;
  readonly fail: () => void;
  readonly signal: AbortSignal;
}

const opened: Opened[] = [];
const states: boolean[] = [];
const told: Told[] = [];
let hub: Hub;

beforeEach(() => {
  vi.useFakeTimers();
  opened.length = states.length = told.length = 0;
  hub = new Hub((body, line, signal) => new Promise((resolve, reject) => {
    opened.push({ body: JSON.parse(body) as Opened["body"], say: (said) => line(JSON.stringify(said)), end: resolve, fail: () => reject(new Error("away")), signal });
  }), (live) => states.push(live));
});
afterEach(() => vi.useRealTimers());

const run = (name: string) => ({ kind: "run" as const, project: "p", domain: "d", name, since: 3 });
const changes = (sub: string, seq: number) => ({ sub, kind: "changes", data: { seq } });
const heartbeat = { kind: "heartbeat", now: 1 };

async function follow(...names: string[]): Promise<void> {
  for (const name of names) hub.follow(name, run(name), (each) => told.push(each));
  await vi.advanceTimersByTimeAsync(50);
}

describe("the stream", () => {
  it("is one for all that is followed", async () => {
    await follow("a", "b");
    expect(opened).toHaveLength(1);
    expect(opened[0]?.body.subscribe.map((each) => each.sub)).toEqual(["a", "b"]);
  });

  it("goes on where it was when something is added, without a gap", async () => {
    await follow("a");
    opened[0]?.say(heartbeat);
    opened[0]?.say(changes("a", 9));
    await follow("b");
    expect(opened[0]?.signal.aborted).toBe(false);
    expect(opened[1]?.body.subscribe).toMatchObject([{ sub: "a", since: 9 }, { sub: "b", since: 3 }]);
    opened[1]?.say(heartbeat);
    expect(opened[0]?.signal.aborted).toBe(true);
  });

  it("comes back after a failure, and says meanwhile that there is none", async () => {
    await follow("a");
    opened[0]?.say(changes("a", 5));
    opened[0]?.fail();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(states).toEqual([true, false]);
    expect(opened[1]?.body.subscribe).toMatchObject([{ since: 5 }]);
    opened[1]?.say(heartbeat);
    expect(states).toEqual([true, false, true]);
  });

  it("that is held back is no stream", async () => {
    await follow("a");
    opened[0]?.say(heartbeat);
    opened[0]?.end();
    await vi.advanceTimersByTimeAsync(50 + SILENT_MS);
    expect(states.at(-1)).toBe(false);
  });

  it("asks no more for what has ended, or for what nobody wants", async () => {
    await follow("a", "b");
    opened[0]?.say({ sub: "a", kind: "end" });
    hub.unfollow("b");
    await vi.advanceTimersByTimeAsync(50);
    expect(opened[0]?.signal.aborted).toBe(true);
    expect(opened).toHaveLength(1);
    expect(told).toEqual([{ sub: "a", kind: "end" }]);
  });
});
