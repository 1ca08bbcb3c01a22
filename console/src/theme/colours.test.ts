import { readFileSync } from "node:fs";
import { type Color, differenceCiede2000, filterDeficiencyDeuter, filterDeficiencyProt, filterDeficiencyTrit, lrgb, wcagContrast } from "culori";
import { describe, expect, it } from "vitest";

const TOKENS = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
const SURFACES = ["paper", "surface", "sunken", "selected"];
const CLASSES = ["idle", "working", "held", "done", "broken", "stopped"];
const EYES = {
  "most eyes": (colour: Color) => colour,
  protanopia: filterDeficiencyProt(1),
  deuteranopia: filterDeficiencyDeuter(1),
  tritanopia: filterDeficiencyTrit(1),
};
const distance = differenceCiede2000();

/** A colour as these eyes see it. The matrices of Machado are for light, which adds up; the library has them for its code. */
function seen(colour: string, eyes: (light: Color) => Color | undefined): Color {
  const light = lrgb(colour);
  const left = light && eyes({ ...light, mode: "rgb" });
  if (left?.mode !== "rgb") throw new Error(`${colour} is no colour`);
  return { ...left, mode: "lrgb" };
}

/** The colours of the first rule with this selector. */
function colours(selector: string): Record<string, string> {
  const begin = TOKENS.indexOf(`${selector} {`);
  const rule = TOKENS.slice(begin, TOKENS.indexOf("}", begin));
  return Object.fromEntries([...rule.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]));
}

describe.each([["light", colours(":root")], ["dark", colours(':root[data-theme="dark"]')]])("colours of the %s theme", (_, theme) => {
  const of = (name: string): string => {
    const colour = theme[name];
    if (!colour) throw new Error(`there is no colour ${name}`);
    return colour;
  };

  it.each([
    ["ink", 10],
    ["ink-2", 4.5],
    ["ink-3", 4.5],
    ["accent", 4.5],
    ["border", 3],
    ...CLASSES.flatMap((each): [string, number][] => [[`${each}-text`, 4.5], [`${each}-fill`, 3]]),
  ])("%s can be told from what is below it", (name, least) => {
    for (const surface of SURFACES) expect(wcagContrast(of(name), of(surface)), surface).toBeGreaterThanOrEqual(least);
  });

  it.each(Object.entries(EYES))("states can be told from each other by %s", (_, eyes) => {
    for (const [place, one] of CLASSES.entries()) {
      for (const other of CLASSES.slice(place + 1)) {
        const apart = distance(seen(of(`${one}-fill`), eyes), seen(of(`${other}-fill`), eyes));
        expect(apart, `${one} and ${other}`).toBeGreaterThanOrEqual(14);
      }
    }
  });
});
