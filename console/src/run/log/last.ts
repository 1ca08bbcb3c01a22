/** The end of a log as plain lines. Pure. */
import { plain } from "./ansi";
import { settled } from "./buffer";

const LINES = 20;
const LINE_CHARS = 400;

/**
 * The last lines that say something, before the error that is `told` elsewhere: a log ends with it.
 * `isCut` if the log was longer: then the first line may be half of one.
 */
export function lastLines(bytes: Uint8Array, isCut: boolean, told: string): string[] {
  const text = new TextDecoder().decode(bytes).trimEnd();
  const error = told.trim();
  const lines = (error && text.endsWith(error) ? text.slice(0, -error.length) : text).split("\n");
  if (isCut && lines.length > 1) lines.shift();
  const shown = lines.map((line) => plain(settled(line)).trimEnd());
  while (shown.at(-1) === "") shown.pop();
  return shown.slice(-LINES).map((line) => (line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS)}…` : line));
}
