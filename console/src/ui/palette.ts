/** The colours of canvases: those of the style sheet, read once a theme. */
import type { Tone } from "../status/status";
import { theme } from "../theme/theme";

export type Palette = Readonly<Record<Tone | "paper" | "surface" | "sunken" | "selected" | "ink" | "ink2" | "ink3" | "border" | "hairline" | "accent", string>> & {
  readonly text: Readonly<Record<Tone, string>>;
};

const TONES: readonly Tone[] = ["idle", "working", "held", "done", "broken", "stopped"];
let read: { shown: string; colours: Palette } | undefined;

export function palette(): Palette {
  const { shown } = theme.get();
  if (read?.shown !== shown) read = { shown, colours: ofStyle() };
  return read.colours;
}

function ofStyle(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const fills = Object.fromEntries(TONES.map((tone) => [tone, of(`${tone}-fill`)])) as Record<Tone, string>;
  const text = Object.fromEntries(TONES.map((tone) => [tone, of(`${tone}-text`)])) as Record<Tone, string>;
  return {
    ...fills, text,
    paper: of("paper"), surface: of("surface"), sunken: of("sunken"), selected: of("selected"),
    ink: of("ink"), ink2: of("ink-2"), ink3: of("ink-3"), border: of("border"), hairline: of("hairline"), accent: of("accent"),
  };
}
