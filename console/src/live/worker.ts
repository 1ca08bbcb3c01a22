/** The worker that all tabs of a browser share: it holds their one stream, as a browser allows few connections. */
import { Hub } from "./hub";
import type { FromTab, ToTab } from "./messages";
import { openStream } from "./stream";

interface Tab {
  readonly port: MessagePort;
  readonly ids: Set<string>;
  visible: boolean;
}

const SEEN_MS = 250;
const HIDDEN_MS = 5_000;
const tabs = new Set<Tab>();
const hub = new Hub(openStream, (live) => tabs.forEach((tab) => send(tab, { kind: "live", live })));

function send(tab: Tab, message: ToTab): void {
  tab.port.postMessage(message);
}

function pace(): void {
  hub.pace([...tabs].some((tab) => tab.visible) ? SEEN_MS : HIDDEN_MS);
}

function connect(port: MessagePort): void {
  const tab: Tab = { port, ids: new Set(), visible: true };
  tabs.add(tab);
  port.addEventListener("message", (event: MessageEvent<FromTab>) => take(tab, event.data));
  port.start();
  send(tab, { kind: "live", live: hub.live });
}

function take(tab: Tab, message: FromTab): void {
  switch (message.kind) {
    case "follow":
      tab.ids.add(message.id);
      hub.follow(message.id, message.wanted, (told) => send(tab, { kind: "told", id: message.id, told }));
      break;
    case "unfollow":
      tab.ids.delete(message.id);
      hub.unfollow(message.id);
      break;
    case "visible":
      tab.visible = message.visible;
      pace();
      break;
    case "hello":
      // The tab holds this lock for as long as it lives, however it ends.
      void navigator.locks.request(message.lock, () => leave(tab));
      break;
  }
}

function leave(tab: Tab): void {
  tabs.delete(tab);
  for (const id of tab.ids) hub.unfollow(id);
  pace();
}

globalThis.addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) connect(port);
});
