/** The theme: the system's, unless the user has chosen one. Kept in the browser. */
import { createStore } from "../ui/store";

export type Choice = "system" | "light" | "dark";
export type Theme = "light" | "dark";

const KEY = "alula.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
export const theme = createStore<{ choice: Choice; shown: Theme }>(state(kept()));

export function choose(choice: Choice): void {
  localStorage.setItem(KEY, choice);
  show(choice);
}

export function startTheme(): void {
  dark.addEventListener("change", () => show(theme.get().choice));
  show(theme.get().choice);
}

function show(choice: Choice): void {
  const next = state(choice);
  document.documentElement.dataset["theme"] = next.shown;
  theme.set(next);
}

function state(choice: Choice): { choice: Choice; shown: Theme } {
  return { choice, shown: choice === "system" ? (dark.matches ? "dark" : "light") : choice };
}

function kept(): Choice {
  const text = localStorage.getItem(KEY);
  return text === "light" || text === "dark" ? text : "system";
}
