// Refuses React in what decides, ways upwards from the lowest floors, and pages that are made of text.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = resolve(fileURLToPath(new URL("../src", import.meta.url)));
// Decisions: they know data alone, and are tested without a page.
const PURE = [
  /^(api|text|status)\//, /^run\/(took|status|plan\/)/, /^run\/live\/state/, /^run\/timeline\/(scale|bars)/, /^run\/table\/columns/,
  /^run\/graph\/(layout|crossings|quotient|scene|camera|neighbours|conditions|worst)/, /^run\/log\/(buffer|ansi|search|copying)/, /^run\/actions\/(after|memory)/,
  /^launch\/(drafts|fields|form|given|literals|plain|scalars|schemas|structs|times|command)/, /^values\/(msgpack|json|base64|types|shown|python|frame)/, /^pages\/(home\/overview|runs\/(bins|filters)|compare\/(differences|names)|audit\/targets|triggers\/waits|backfills\/states|settings\/(leaves|rules))/, /^entities\/grid\/cells/, /^shell\/jump/, /^search$/,
];
const FLOORS = [["text"], ["status", "api"], ["theme", "ui"], ["values"]];

const problems = [];
for (const file of walk(src)) {
  const text = readFileSync(file, "utf8");
  const name = relative(src, file).replace(/\.tsx?$/, "");
  if (/dangerouslySetInnerHTML|\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write/.test(text)) problems.push(`${name} makes a page of text`);
  if (name.includes(".test")) continue;
  const isPure = PURE.some((pure) => pure.test(name));
  for (const [, stated, loaded] of text.matchAll(/^(?:import|export)[^;]*? from "([^"]+)"|import\("([^"]+)"\)/gm)) {
    const target = stated ?? loaded ?? "";
    const path = target.startsWith(".") ? relative(src, resolve(dirname(file), target)) : target;
    if (isPure && (!target.startsWith(".") || !PURE.some((pure) => pure.test(path)))) problems.push(`${name} decides, and imports ${path}`);
    const [from, to] = [floor(name), floor(path)];
    if (target.startsWith(".") && from >= 0 && (to < 0 || to > from) && !path.endsWith(".css")) problems.push(`${name} imports ${path}, which stands above it`);
  }
}
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}

function floor(path) {
  return FLOORS.findIndex((folders) => folders.includes(path.split("/")[0]));
}

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}
