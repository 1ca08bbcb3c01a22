/** How the platform answers: when it was last heard of, and whether it is away. */
import { isAway } from "../api/http";
import { queries } from "../queries";
import { serverNow } from "../ui/clock";
import { createStore } from "../ui/store";

export interface State {
  readonly away: boolean;
  /** Milliseconds. */
  readonly heard: number;
}

export const connection = createStore<State>({ away: false, heard: serverNow() / 1_000 });

export function heard(): void {
  const now = connection.get();
  const at = serverNow() / 1_000;
  if (now.away || at - now.heard > 1_000) connection.set({ ...now, away: false, heard: at });
}

export function missed(error: unknown): void {
  if (isAway(error)) connection.update((now) => (now.away ? now : { ...now, away: true }));
}

queries.getQueryCache().subscribe((event) => {
  if (event.type !== "updated") return;
  if (event.action.type === "success") heard();
  if (event.action.type === "error" || event.action.type === "failed") missed(event.action.error);
});
