/** Where this tab has its news from: the worker that all tabs share. A tab never holds a stream of its own, as browsers allow
 * six connections to a platform. Where tabs can't share (plain HTTP from another machine, some phones), nothing arrives, and
 * pages ask. */
import { workerUrl } from "../security";
import { createStore } from "../ui/store";
import type { Told, Wanted } from "./hub";
import type { FromTab, ToTab } from "./messages";
// oxlint-disable-next-line import/default
import url from "./worker?worker&url";

/** Whether news arrive by themselves now. */
export const isLive = createStore(false);

interface News {
  follow(id: string, wanted: Wanted, tell: (told: Told) => void): void;
  unfollow(id: string): void;
}

let news: News | null = null;
let last = 0;

/** Follow something until the function that is returned is called. */
export function subscribe(wanted: Wanted, tell: (told: Told) => void): () => void {
  news ??= typeof SharedWorker === "undefined" || !window.isSecureContext ? SILENCE : shared();
  const source = news;
  last += 1;
  const id = `${tab}.${last}`;
  source.follow(id, wanted, tell);
  return () => source.unfollow(id);
}

const SILENCE: News = { follow() {}, unfollow() {} };
const tab = crypto.randomUUID?.() ?? String(Math.random());

function shared(): News {
  const { port } = new SharedWorker(workerUrl(url), { type: "module", name: "alula" });
  const listeners = new Map<string, (told: Told) => void>();
  const send = (message: FromTab): void => port.postMessage(message);
  port.addEventListener("message", (event: MessageEvent<ToTab>) => {
    const message = event.data;
    if (message.kind === "live") isLive.set(message.live);
    else listeners.get(message.id)?.(message.told);
  });
  port.start();
  void navigator.locks.request(`alula.tab.${tab}`, () => {
    send({ kind: "hello", lock: `alula.tab.${tab}` });
    return new Promise(() => undefined);
  });
  document.addEventListener("visibilitychange", () => send({ kind: "visible", visible: document.visibilityState === "visible" }));
  return {
    follow(id, wanted, tell) {
      listeners.set(id, tell);
      send({ kind: "follow", id, wanted });
    },
    unfollow(id) {
      listeners.delete(id);
      send({ kind: "unfollow", id });
    },
  };
}
