/** The first rows of a table as texts, and what is read of it. Pure. */

/** Of a file's own description, what is looked at. */
interface Metadata {
  readonly schema: readonly Element[];
  readonly num_rows: bigint;
  readonly row_groups: readonly { readonly columns: readonly { readonly meta_data?: Part }[] }[];
}

interface Element {
  readonly name: string;
  readonly type?: string;
  readonly logical_type?: { readonly type: string };
  readonly converted_type?: string;
  readonly num_children?: number;
}

interface Part {
  readonly path_in_schema: readonly string[];
  readonly codec: string;
  readonly total_uncompressed_size: bigint;
}

export const ROWS = 100;
export const COLUMNS = 60;
/** So much is read of columns at most. */
export const READ_MAX = 16 * 2 ** 20;
const CELL_MAX = 200;
/** What the page can unpack. */
const CODECS = new Set(["UNCOMPRESSED", "SNAPPY"]);

export interface Column {
  readonly name: string;
  readonly type: string;
}

export interface Chosen {
  readonly columns: readonly Column[];
  /** How many columns there are beside these. */
  readonly others: number;
  readonly rows: number;
  /** Why no row is read; empty if some are. */
  readonly why: string;
}

/** The first columns, as far as their part of the first rows may be read. */
export function chosen(metadata: Metadata): Chosen {
  const all = topOf(metadata.schema);
  const columns = all.slice(0, COLUMNS).map((element) => ({ name: element.name, type: typeOf(element) }));
  const names = new Set(columns.map(({ name }) => name));
  const parts = (metadata.row_groups[0]?.columns ?? []).flatMap(({ meta_data: part }) => (part && names.has(part.path_in_schema[0] ?? "") ? [part] : []));
  const size = parts.reduce((total, part) => total + Number(part.total_uncompressed_size), 0);
  const codec = parts.find((part) => !CODECS.has(part.codec))?.codec;
  const why = codec ? `The rows are packed with ${codec}, which this page can't unpack.` : size > READ_MAX ? "The rows are in one part that is too large for a page." : "";
  return { columns, others: all.length - columns.length, rows: Number(metadata.num_rows), why };
}

/** A schema is a list of all its elements, each before those that are in it. */
function topOf(schema: readonly Element[]): Element[] {
  const found: Element[] = [];
  for (let at = 1; at < schema.length; at = after(schema, at)) {
    const element = schema[at];
    if (element) found.push(element);
  }
  return found;
}

function after(schema: readonly Element[], at: number): number {
  let next = at + 1;
  for (let left = schema[at]?.num_children ?? 0; left > 0 && next < schema.length; left -= 1) next = after(schema, next);
  return next;
}

function typeOf({ type, logical_type: logical, converted_type: converted, num_children: children }: Element): string {
  return (logical?.type ?? converted ?? (children ? "struct" : (type ?? ""))).toLowerCase().replace("utf8", "string").replace("byte_array", "bytes");
}

/** A cell as text; null for none. */
export function cell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === "string" ? value : value instanceof Date ? value.toISOString() : typeof value === "object" ? JSON.stringify(value, plain) : String(value);
  return text.length > CELL_MAX ? `${text.slice(0, CELL_MAX)}…` : text;
}

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? `<${value.length} bytes>` : value;
}
