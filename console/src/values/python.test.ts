/** Literals as Python writes them. */
import { expect, it } from "vitest";
import type { Literal } from "../api/idl";
import { toBase64 } from "./base64";
import { Float, pack } from "./msgpack";
import { importsOf, inPython } from "./python";

const primitive = (value: object): Literal => ({ scalar: { primitive: value } });
const packed = (value: Parameters<typeof pack>[0]): Literal => ({ scalar: { binary: { value: toBase64(pack(value)), tag: "msgpack" } } });

it.each<[Literal, string]>([
  [primitive({ integer: "9223372036854775807" }), "9223372036854775807"],
  [primitive({ float_value: 2 }), "2.0"],
  [primitive({ float_value: "-Infinity" }), 'float("-inf")'],
  [primitive({ float_value: 1e300 }), "1e+300"],
  [primitive({ string_value: 'a "b"\\ \u{1f600}\ud83d' }), '"a \\"b\\"\\\\ \u{1f600}\\ud83d"'],
  [primitive({ boolean: false }), "False"],
  [primitive({ datetime: "2026-11-29T17:00:00Z" }), 'datetime.fromisoformat("2026-11-29T17:00:00Z")'],
  [primitive({ duration: "5400.5s" }), "timedelta(seconds=5400.5)"],
  [{ scalar: { none_type: {} } }, "None"],
  [{ scalar: { union: { value: primitive({ integer: "1" }), type: {} } } }, "1"],
  [{ collection: { literals: [primitive({ integer: "1" }), primitive({ integer: "2" })] } }, "[1, 2]"],
  [{ map: { literals: { a: primitive({ boolean: true }) } } }, '{"a": True}'],
  [{ scalar: { generic: { a: [1, null, "x"] } } }, '{"a": [1, None, "x"]}'],
  [packed(new Map<string, bigint | Float>([["deep", 2n ** 60n], ["rate", new Float(1)]])), '{"deep": 1152921504606846976, "rate": 1.0}'],
  [{ scalar: { structured_dataset: { uri: "s3://b/t", metadata: { structured_dataset_type: { format: "parquet" } } } } }, 'StructuredDataset(uri="s3://b/t", file_format="parquet")'],
  [{ scalar: { blob: { uri: "s3://b/k" } } }, '"s3://b/k"'],
])("%j is %s", (literal, text) => expect(inPython(literal)).toBe(text));

it("has no form for what it can't read", () => {
  const map = (literal: Literal): Literal => ({ map: { literals: { a: literal } } });
  expect(inPython(map({ scalar: { binary: { value: "gQ==", tag: "msgpack" } } }))).toBeNull();
  expect(inPython(map({ scalar: { binary: { value: "gQ==", tag: "own" } } }))).toBeNull();
  expect(inPython(map({ offloaded_metadata: { uri: "s3://b/o" } }))).toBeNull();
});

it("needs imports for times alone", () => {
  expect(importsOf("[1, 2]")).toEqual([]);
  expect(importsOf("timedelta(seconds=1)")).toHaveLength(1);
});
