/** Files of parquet as pyarrow writes them, read by ranges. */
import { afterEach, expect, it, vi } from "vitest";
import { ofBase64 } from "./base64";
import { cell, chosen } from "./frame";
import { readFrame } from "./parquet";

const SNAPPY = "UEFSMRUAFSwVMCwVBhUAFQYVBhwAAAAWVAIAAAADAwAAAAAAAAAQAgAAAAAAAAAVABUmFSosFQYVABUGFQYcAAAAE0gCAAAAAwMBAAAAYQQAAADigK5iFQAVHBUgLBUGFQAVBhUGHAAAAA40AgAAAAMBAKQ+OW1hBgAVABUkFSgsFQYVABUGFQYcAAAAEkQCAAAABgADAAAAAwcAAQAAAHgVABU8FTgsFQYVABUGFQYcAAAAHhgCAAAABgEABQEE4D8FBygA8D8AAAAAAAAAQBUEGYw1ABgGc2NoZW1hFQoAFQQlAhgCaWQAFQwlAhgEbmFtZSUATBwAAAAVBCUCGAJhdCUUTIwSHCwAAAAAADUCGAR0YWdzFQIVBkw8AAAANQQYBGxpc3QVAgAVDCUCGAdlbGVtZW50JQBMHAAAABUKJQIYBHJhdGUAFgYZHBlcJgAcFQQZJQYAGRgCaWQVAhYGFlIWViYISRwVABUAFQIAPCkGGSYCBAAAACYAHBUMGSUGABkYBG5hbWUVAhYGFkwWUCZeSRwVABUAFQIAPBYKGQYZJgIEAAAAJgAcFQQZJQYAGRgCYXQVAhYGFkIWRiauAUkcFQAVABUCADwpBhkmBAIAAAAmABwVDBklBgAZOAR0YWdzBGxpc3QHZWxlbWVudBUCFgYWShZOJvQBSRwVABUAFQIAPBYCGSYGABlGAgIAAgAAACYAHBUKGSUGABkYBHJhdGUVAhYGFmIWXibCAkkcFQAVABUCADwpBhkmAAYAAAAWjAMWBiYIFpgDACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZXBwAABwAABwAABwAABwAAAC0AQAAUEFSMQ==";
const ZSTD = "UEFSMRUAFSwVPiwVBhUAFQYVBhwAAAAotS/9IBaxAAACAAAAAwMAAAAAAAAAEAIAAAAAAAAAFQAVJhU4LBUGFQAVBhUGHAAAACi1L/0gE5kAAAIAAAADAwEAAABhBAAAAOKArmIVABUcFS4sFQYVABUGFQYcAAAAKLUv/SAOcQAAAgAAAAMBAKQ+OW1hBgAVABUkFTYsFQYVABUGFQYcAAAAKLUv/SASkQAAAgAAAAYAAwAAAAMHAAEAAAB4FQAVPBVILBUGFQAVBhUGHAAAACi1L/0gHt0AAKACAAAABgEA4D8A8D8AAAAAAAAAQAIAQMYFjBUEGYw1ABgGc2NoZW1hFQoAFQQlAhgCaWQAFQwlAhgEbmFtZSUATBwAAAAVBCUCGAJhdCUUTIwSHCwAAAAAADUCGAR0YWdzFQIVBkw8AAAANQQYBGxpc3QVAgAVDCUCGAdlbGVtZW50JQBMHAAAABUKJQIYBHJhdGUAFgYZHBlcJgAcFQQZJQYAGRgCaWQVDBYGFlIWZCYISRwVABUAFQIAPCkGGSYCBAAAACYAHBUMGSUGABkYBG5hbWUVDBYGFkwWXiZsSRwVABUAFQIAPBYKGQYZJgIEAAAAJgAcFQQZJQYAGRgCYXQVDBYGFkIWVCbKAUkcFQAVABUCADwpBhkmBAIAAAAmABwVDBklBgAZOAR0YWdzBGxpc3QHZWxlbWVudBUMFgYWShZcJp4CSRwVABUAFQIAPBYCGSYGABlGAgIAAgAAACYAHBUKGSUGABkYBHJhdGUVDBYGFmIWbib6AkkcFQAVABUCADwpBhkmAAYAAAAWjAMWBiYIFuADACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZXBwAABwAABwAABwAABwAAAC0AQAAUEFSMQ==";

/** A platform that has one file in a folder. */
function stored(file: Uint8Array, folder: string): string[] {
  const asked: string[] = [];
  vi.stubGlobal("location", { href: "http://here/console" });
  vi.stubGlobal("fetch", async (url: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(`${url} ${headers["Range"] ?? ""}`);
    if (url.startsWith("/api")) {
      const found = decodeURIComponent(url).endsWith(`${folder}/00000`);
      return new Response(JSON.stringify(found ? { signed_url: "http://there/objects/00000?s=1" } : { code: "ObjectNotFound", message: "" }), { status: found ? 200 : 404 });
    }
    const [, start = "", end = ""] = /bytes=(\d+)-(\d+)/.exec(headers["Range"] ?? "") ?? [];
    return new Response(file.slice(Number(start), Number(end) + 1), { status: 206, headers: { "Content-Range": `bytes ${start}-${end}/${file.length}` } });
  });
  return asked;
}

const read = (uri: string): ReturnType<typeof readFrame> => readFrame(uri, true, new AbortController().signal);

afterEach(() => vi.unstubAllGlobals());

it("has its columns and first rows, also of a folder", async () => {
  const asked = stored(ofBase64(SNAPPY), "s3://b/frame");
  const frame = await read("s3://b/frame/");
  expect(frame.columns).toEqual([{ name: "id", type: "int64" }, { name: "name", type: "string" }, { name: "at", type: "timestamp" }, { name: "tags", type: "list" }, { name: "rate", type: "double" }]);
  expect(frame.cells).toEqual([["1152921504606846976", "a", "2026-11-29T17:00:00.000Z", '["x"]', "0.5"], ["2", "\u202eb", null, "[]", "1"], [null, null, null, null, "2"]]);
  expect([frame.rows, frame.others, frame.why]).toEqual([3, 0, ""]);
  expect(asked.filter((each) => each.startsWith("/objects")).every((each) => each.includes("bytes="))).toBe(true);
});

it("says its columns where it can't unpack its rows", async () => {
  stored(ofBase64(ZSTD), "s3://b/frame");
  const frame = await read("s3://b/frame");
  expect([frame.columns.length, frame.cells, frame.why]).toEqual([5, [], "The rows are packed with ZSTD, which this page can't unpack."]);
});

it("is refused where there is none, and where something else is", async () => {
  stored(ofBase64(SNAPPY), "s3://b/frame");
  await expect(read("s3://b/other")).rejects.toThrow("no one file of parquet");
  stored(new TextEncoder().encode("a,b\n1,2\n"), "s3://b/frame");
  await expect(read("s3://b/frame")).rejects.toThrow("no file of parquet");
});

it("reads no more than a page can bear", () => {
  const part = (name: string, size: bigint) => ({ meta_data: { path_in_schema: [name], codec: "SNAPPY", total_uncompressed_size: size } });
  const schema = [{ name: "root", num_children: 70 }, ...Array.from({ length: 70 }, (_, at) => ({ name: `c${at}`, type: "INT64" }))];
  const found = chosen({ schema, num_rows: 5n, row_groups: [{ columns: [part("c0", 1n << 30n), part("c69", 1n)] }] });
  expect([found.columns.length, found.others, found.why]).toEqual([60, 10, "The rows are in one part that is too large for a page."]);
  expect(chosen({ schema, num_rows: 5n, row_groups: [{ columns: [part("c0", 8n), part("c69", 1n << 30n)] }] }).why).toBe("");
  expect(cell("x".repeat(300))).toHaveLength(201);
  expect(cell({ a: 1n, b: new Uint8Array(3) })).toBe('{"a":"1","b":"<3 bytes>"}');
});
