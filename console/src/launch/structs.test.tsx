// @vitest-environment jsdom
/** Structs as fields: what one fills in is the value, whatever the schema, and the way to JSON and back loses nothing. */
import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import fc from "fast-check";
import { type ReactElement, useState } from "react";
import { describe, expect, it, vi } from "vitest";
import type { JsonSchema, LiteralType } from "../api/idl";
import { queries } from "../queries";
import { writeJson } from "../values/json";
import { Float, type Packable } from "../values/msgpack";
import { type Draft, draftOfJson, empty } from "./drafts";
import { Field } from "./Field";
import { fieldsOf } from "./fields";
import { draftOf } from "./given";
import { literalOf } from "./literals";
import { loosely, plainOf, read } from "./plain";

vi.mock("../shell/place", () => ({ usePlace: () => ({ project: "p", domain: "d" }) }));

const MSGPACK = { annotations: { "cache-key-metadata": { "serialization-format": "msgpack" } } };
const struct = (metadata: JsonSchema, more: Partial<LiteralType> = {}): LiteralType => ({ simple: "STRUCT", metadata, annotation: MSGPACK, ...more });

/** A schema, with a value that fits it. */
interface Sample {
  readonly schema: JsonSchema;
  readonly value: Packable;
}

const samples: fc.Arbitrary<Sample> = fc.letrec<{ part: Sample; object: Sample }>((tie) => ({
  part: fc.oneof(
    { depthSize: "small" },
    fc.maxSafeInteger().map((value) => ({ schema: { type: "integer" }, value })),
    fc.double({ noNaN: true }).map((value) => ({ schema: { type: "number" }, value: new Float(value) })),
    fc.string().map((value) => ({ schema: { type: "string" }, value })),
    fc.boolean().map((value) => ({ schema: { type: "boolean" }, value })),
    fc.constantFrom("a", "b").map((value) => ({ schema: { enum: ["a", "b"] }, value })),
    fc.constantFrom(1, 2).map((value) => ({ schema: { enum: [1, 2] }, value })),
    fc.uint8Array({ maxLength: 9 }).map((value) => ({ schema: { type: "string", format: "base64" }, value })),
    tie("part").map(({ schema, value }) => ({ schema: { type: "array", items: schema }, value: [value, value] })),
    tie("part").map(({ schema, value }) => ({ schema: { type: "object", additionalProperties: schema }, value: new Map([["k", value]]) })),
    tie("part").map(({ schema, value }) => ({ schema: { type: "object", additionalProperties: schema, propertyNames: { type: "integer" } }, value: new Map([[7, value]]) })),
    tie("part").chain(({ schema, value }) => fc.boolean().map((isNull) => ({ schema: { anyOf: [schema, { type: "null" }], default: null }, value: isNull ? null : value }))),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("part"), { minKeys: 1, maxKeys: 4 }).map((parts) => ({
    schema: { type: "object", title: "S", additionalProperties: false, required: Object.keys(parts), properties: Object.fromEntries(Object.entries(parts).map(([name, { schema }]) => [name, schema])) },
    value: new Map(Object.entries(parts).map(([name, { value }]) => [name, value])),
  })),
})).object;

describe("a struct as fields", () => {
  it("gives the value that filled it, through its literal and through JSON too", () => {
    fc.assert(fc.property(samples, ({ schema, value }) => {
      const type = struct(schema);
      const draft = draftOfJson(type, value);
      expect(draft.kind).toBe("fields");
      expect(plainOf(type, draft)).toEqual({ value, problems: [] });
      const made = literalOf(type, draft);
      expect(made.problems).toEqual([]);
      expect(literalOf(type, draftOf(type, made.literal ?? {}))).toEqual(made);
      const text = writeJson(loosely(type, draft) ?? null);
      expect(literalOf(type, { kind: "json", text })).toEqual(made);
    }), { numRuns: 100 });
  });

  it("never fails, whatever the schema says", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (properties, value) => {
      const type = struct({ type: "object", properties, $defs: properties, required: ["a"] } as JsonSchema);
      for (const draft of [empty(type), { kind: "json", text: JSON.stringify(value) } as const]) expect(literalOf(type, draft).problems).toBeDefined();
    }));
  });

  it("has what is required first, as declared, and then the rest by name", () => {
    const schema = { type: "object", required: ["z", "b"], properties: { a: {}, b: {}, c: {}, z: {} } };
    expect(fieldsOf(struct(schema))?.map(({ name }) => name)).toEqual(["z", "b", "a", "c"]);
  });

  it("opens a struct of many fields too, and within it only as many as one can look at", () => {
    const names = Array.from({ length: 150 }, (_, at) => `f${at}`);
    const wide = { type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "integer" }])) };
    expect(empty(struct(wide)).kind).toBe("fields");
    expect(empty(struct({ type: "object", required: ["in"], properties: { in: wide } }))).toEqual({ kind: "fields", parts: [["in", { kind: "unset" }]] });
  });

  it("writes times, durations, keys and files as Python does", () => {
    const schema = { type: "object", properties: { at: { type: "string", format: "date-time" }, long: { type: "number", format: "time-delta" }, by: { type: "object", additionalProperties: { type: "number" }, propertyNames: { type: "integer" } }, file: { type: "object", title: "FlyteFile", properties: { path: { type: "string" } } } } };
    const type = struct(schema, { structure: { dataclass_type: { file: { blob: {} } } } });
    const text = (value: string): Draft => ({ kind: "text", text: value });
    const draft: Draft = { kind: "fields", parts: [["at", text("2026-11-29 17:00+02:00")], ["long", text("1h30m")], ["by", { kind: "map", parts: [["7", text("1")]] }], ["file", text("s3://b/k")]] };
    expect(plainOf(type, draft).value).toEqual(new Map<string, Packable>([["at", "2026-11-29T17:00:00+02:00"], ["long", new Float(5_400)], ["by", new Map([[7, new Float(1)]])], ["file", new Map([["path", "s3://b/k"]])]]));
  });

  it("opens what contains itself when one asks for it", () => {
    const node = { type: "object", title: "Node", required: ["name"], properties: { name: { type: "string" }, next: { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }], default: null }, twin: { $ref: "#/$defs/Node" } } };
    const { current } = shown(struct({ $ref: "#/$defs/Node", $defs: { Node: node } }));
    fireEvent.click(screen.getByRole("radio", { name: "Node" }));
    fireEvent.click(screen.getByRole("button", { name: "Set x.twin" }));
    fireEvent.change(screen.getByRole("textbox", { name: "x.next.name" }), { target: { value: "b" } });
    expect(read(writeJson(loosely(struct({ $ref: "#/$defs/Node", $defs: { Node: node } }), current()) ?? null))).toEqual({ value: new Map<string, Packable>([["name", ""], ["next", new Map<string, Packable>([["name", "b"], ["next", null]])], ["twin", new Map<string, Packable>([["name", ""], ["next", null]])]]) });
  });

  it("goes to JSON and back with what is typed, wrong or not", () => {
    shown(struct({ type: "object", required: ["n", "m"], properties: { n: { type: "integer" }, m: { type: "integer" } } }));
    fireEvent.change(screen.getByRole("textbox", { name: "x.n" }), { target: { value: "many" } });
    fireEvent.click(screen.getByRole("button", { name: "Write x as JSON" }));
    const json = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "x, as JSON" });
    expect(JSON.parse(json.value)).toEqual({ n: "many", m: "" });
    fireEvent.change(json, { target: { value: '{"m": 12345678901234567890' } });
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "As fields" }).disabled).toBe(true);
    fireEvent.change(json, { target: { value: '{"m": 9007199254740993, "more": [1]}' } });
    fireEvent.click(screen.getByRole("button", { name: "As fields" }));
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: "x.m" }).value).toBe("9007199254740993");
    fireEvent.click(screen.getByRole("button", { name: "Leave out x.more" }));
    expect(screen.queryByText("more")).toBeNull();
  });
});

/** The forms of Flyte's console that failed, by the number of what was told of them. */
describe("a launch form that once failed", () => {
  const marshmallow = struct({
    $schema: "http://json-schema.org/draft-07/schema#", $ref: "#/definitions/NestedSchema",
    definitions: {
      LiteralsonlySchema: { type: "object", additionalProperties: false, properties: { foo: { title: "foo", type: "string" }, bar: { title: "bar", type: "integer" } } },
      NestedSchema: { type: "object", additionalProperties: false, properties: { inner: { type: "object", $ref: "#/definitions/LiteralsonlySchema" }, many: { type: "array", items: { type: "object", $ref: "#/definitions/LiteralsonlySchema" } }, maybe: { title: "maybe", type: ["integer", "null"], default: null } } },
    },
  }, { annotation: {} });
  const my = struct({ type: "object", title: "MyClass", required: ["a", "b"], properties: { a: { type: "string" }, b: { type: "string" } } }, { structure: { tag: "MyClass" } });
  const none = { simple: "NONE", structure: { tag: "none" } };

  it("flyte#4033: an optional list", () => {
    const { current } = shown({ union_type: { variants: [{ collection_type: { simple: "STRING" } }, none] } });
    fireEvent.click(screen.getByRole("radio", { name: "list[str]" }));
    fireEvent.click(screen.getByRole("button", { name: "Add to x" }));
    expect(current()).toEqual({ kind: "union", chosen: 0, drafts: [{ kind: "list", parts: [{ kind: "text", text: "" }] }, { kind: "none" }] });
  });

  it("flyte#3110: nested dataclasses, whose schema refers to definitions", () => {
    const { current } = shown(marshmallow);
    fireEvent.click(screen.getByRole("button", { name: "Set x.inner" }));
    fireEvent.click(screen.getByRole("button", { name: "Set x.inner.bar" }));
    fireEvent.change(screen.getByRole("textbox", { name: "x.inner.bar" }), { target: { value: "3" } });
    expect(literalOf(marshmallow, current()).literal).toEqual({ scalar: { generic: { inner: { bar: 3 }, maybe: null } } });
  });

  it("flyte#4912: a dataclass beside an optional one", () => {
    const optional = { union_type: { variants: [my, none] } };
    for (const [type, draft] of [[my, empty(my)], [optional, draftOf(optional, { scalar: { union: { value: literalOf(my, { kind: "json", text: '{"a": "", "b": ""}' }).literal ?? {}, type: my } } })]] as const) {
      const { current, unmount } = shown(type, draft);
      fireEvent.change(screen.getByRole("textbox", { name: "x.a" }), { target: { value: "one" } });
      expect(literalOf(type, current()).problems).toEqual([]);
      unmount();
    }
  });

  it("flyte#291: a required input of a type that no field has", () => {
    const { current, container } = shown({ simple: "BINARY" });
    expect(literalOf({ simple: "BINARY" }, current()).problems).toEqual([{ path: [], message: "is required" }]);
    expect(container.textContent).toContain("is required");
    fireEvent.change(screen.getByRole("textbox"), { target: { value: '{"scalar": {"binary": {"value": "AA==", "tag": "x"}}}' } });
    expect(literalOf({ simple: "BINARY" }, current()).problems).toEqual([]);
  });

  it("flyte#565: a value that was wrong and is mended", () => {
    const { current, container } = shown({ simple: "INTEGER" });
    const field = screen.getByRole("textbox");
    fireEvent.change(field, { target: { value: "x" } });
    expect(container.textContent).toContain("is no whole number");
    fireEvent.change(field, { target: { value: "3" } });
    expect([container.textContent?.includes("is no"), literalOf({ simple: "INTEGER" }, current()).problems]).toEqual([false, []]);
  });

  it("flyte#3494: a map of structs from which an entry is removed", () => {
    const type: LiteralType = { map_value_type: my };
    const { current } = shown(type, { kind: "map", parts: [["a", { kind: "json", text: "{" }], ["b", { kind: "json", text: '{"a": "", "b": ""}' }]] });
    fireEvent.click(screen.getByRole("button", { name: "Remove a" }));
    expect(literalOf(type, current()).problems).toEqual([]);
  });
});

function shown(type: LiteralType, first: Draft = empty(type)): { current: () => Draft; container: HTMLElement; unmount: () => void } {
  let now = first;
  function Filled(): ReactElement {
    const [draft, setDraft] = useState(first);
    now = draft;
    return <QueryClientProvider client={queries}><Field name="x" type={type} draft={draft} problems={literalOf(type, draft).problems} onChange={setDraft} /></QueryClientProvider>;
  }
  return { current: () => now, ...render(<Filled />) };
}
