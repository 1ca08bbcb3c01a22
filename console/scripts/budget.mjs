// Refuses a build that is larger than it may be: what a first visit needs, what it has loaded ahead, each part that is
// loaded later, and all.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { out } from "./out.mjs";

const KB = 1000;
const ENTRY_MAX = 220 * KB;
const AHEAD_MAX = 70 * KB;
const PART_MAX = 95 * KB;
const ALL_MAX = 900 * KB;

const page = readFileSync(join(out, "index.html"), "utf8");
const files = readdirSync(join(out, "assets"));
const packed = files.filter((name) => name.endsWith(".gz")).map((name) => ({ name: name.slice(0, -3), size: sizeOf(name) }));
const [later, needed] = [true, false].map((isLow) => page.split("\n").filter((line) => line.includes('fetchpriority="low"') === isLow).join("\n"));
const first = packed.filter(({ name }) => needed.includes(name));
const ahead = packed.filter(({ name }) => later.includes(name));
const problems = [
  ...over("the first visit", sum(first), ENTRY_MAX),
  ...over("what is loaded ahead", sum(ahead), AHEAD_MAX),
  ...packed.filter((each) => !first.includes(each)).flatMap(({ name, size }) => over(name, size, PART_MAX)),
  ...over("all files", files.reduce((total, name) => total + sizeOf(name), 0), ALL_MAX),
];
console.log(`first visit ${kb(sum(first))}, ahead ${kb(sum(ahead))}, ${packed.length} parts, largest ${kb(Math.max(...packed.map(({ size }) => size)))} gzip`);
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}

function over(what, size, most) {
  return size > most ? [`${what}: ${kb(size)}, and may have ${kb(most)}`] : [];
}

function sizeOf(name) {
  return statSync(join(out, "assets", name)).size;
}

function sum(parts) {
  return parts.reduce((total, { size }) => total + size, 0);
}

function kb(size) {
  return `${(size / KB).toFixed(1)} kB`;
}
