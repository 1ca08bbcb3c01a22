/** The first rows of a file of parquet: its end, which says what is in it, and the columns of its first part are read. */
import { Refused, ask, isMissing } from "../api/http";
import { type Chosen, ROWS, cell, chosen } from "./frame";
import { linkTo } from "./objects";

/** So Flyte's clients call the file of a table, in a folder of its own. */
const FILE = "00000";

export interface Frame extends Chosen {
  readonly cells: readonly (readonly (string | null)[])[];
}

/** `isFolder` is where it is looked for first. */
export async function readFrame(uri: string, isFolder: boolean, signal: AbortSignal): Promise<Frame> {
  const inside = `${uri.replace(/\/$/, "")}/${FILE}`;
  const url = await linkOf(isFolder ? [inside, uri] : [uri], signal);
  const [{ parquetMetadataAsync, parquetReadObjects }, size] = await Promise.all([import("hyparquet"), sizeOf(url, signal)]);
  const file = { byteLength: size, slice: (start: number, end = size) => bytesOf(url, start, end, signal) };
  const metadata = await parquetMetadataAsync(file);
  const found = chosen(metadata);
  if (found.why || !found.rows) return { ...found, cells: [] };
  const columns = found.columns.map(({ name }) => name);
  const first = Number(metadata.row_groups[0]?.num_rows ?? 0);
  const rows = await parquetReadObjects({ file, metadata, columns, rowStart: 0, rowEnd: Math.min(ROWS, first) });
  return { ...found, cells: rows.map((row) => columns.map((name) => cell(row[name]))) };
}

/** The first of these that is there. */
async function linkOf([uri, ...others]: readonly string[], signal: AbortSignal): Promise<string> {
  if (uri === undefined) throw new Refused(404, "NoSuchFile", "There is no one file of parquet there.", "Read it with a program: it may be in several files");
  const url = await linkTo(uri, signal).catch((error: unknown) => {
    if (isMissing(error)) return linkOf(others, signal);
    throw error;
  });
  if (!url.startsWith("/objects/")) throw new Refused(0, "KeptElsewhere", "It is kept where this page may not read.", "Download it, or read it with a program");
  return url;
}

async function sizeOf(url: string, signal: AbortSignal): Promise<number> {
  const response = await ask(url, { headers: { Range: "bytes=0-3" }, signal });
  const [magic, size] = [await response.text(), Number(response.headers.get("Content-Range")?.split("/")[1])];
  if (magic !== "PAR1" || !size) throw new Refused(0, "NoParquet", "It is no file of parquet.");
  return size;
}

async function bytesOf(url: string, start: number, end: number, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await ask(url, { headers: { Range: `bytes=${start}-${end - 1}` }, signal })).arrayBuffer();
}
