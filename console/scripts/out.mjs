// Where a build goes.
import { resolve } from "node:path";

export const out = resolve(process.env.CONSOLE_OUT ?? new URL("../../src/alula/server/console", import.meta.url).pathname);
