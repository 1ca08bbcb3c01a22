/** Whether the palette is open, and the entries that the page at hand adds to it. */
import { createStore } from "../ui/store";

export interface PaletteEntry {
  readonly key: string;
  readonly group: string;
  readonly label: string;
  readonly hint?: string;
  readonly act: () => void;
}

export const palettes = createStore(false);
/** What the page offers for a text: its steps, its actions, a line of its log. */
export const offered = createStore<(text: string) => readonly PaletteEntry[]>(() => []);
export const helps = createStore(false);
