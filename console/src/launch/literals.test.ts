import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Literal, LiteralType } from "../api/idl";
import { readJson } from "../values/json";
import { type Draft, draftOfJson, empty } from "./drafts";
import { filled, formOfTask } from "./form";
import { draftOf } from "./given";
import { literalOf } from "./literals";
import { durationOf, instantOf } from "./times";

const simple = (name: string): LiteralType => ({ simple: name });
const text = (value: string): Draft => ({ kind: "text", text: value });
const INTEGER = simple("INTEGER");

/** A type, with a literal of it. */
const typed: fc.Arbitrary<{ type: LiteralType; literal: Literal }> = fc.letrec<{ value: { type: LiteralType; literal: Literal } }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: INTEGER, literal: { scalar: { primitive: { integer: String(value) } } } })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ type: simple("FLOAT"), literal: { scalar: { primitive: { float_value: value === 0 ? 0 : value } } } })),
    fc.string().map((value) => ({ type: simple("STRING"), literal: { scalar: { primitive: { string_value: value } } } })),
    fc.boolean().map((value) => ({ type: simple("BOOLEAN"), literal: { scalar: { primitive: { boolean: value } } } })),
    fc.constantFrom("red", "blue").map((value) => ({ type: { enum_type: { values: ["red", "blue"] } }, literal: { scalar: { primitive: { string_value: value } } } })),
    fc.integer({ min: -1e9, max: 1e9 }).map((value) => ({ type: simple("DURATION"), literal: { scalar: { primitive: { duration: `${value}s` } } } })),
    tie("value").chain(({ type, literal }) => fc.integer({ min: 0, max: 3 }).map((count) => ({ type: { collection_type: type }, literal: { collection: { literals: Array.from({ length: count }, () => literal) } } }))),
    tie("value").chain(({ type, literal }) => fc.uniqueArray(fc.string(), { maxLength: 3 }).map((keys) => ({ type: { map_value_type: type }, literal: { map: { literals: Object.fromEntries(keys.filter((key) => key !== "__proto__").map((key) => [key, literal])) } } }))),
    tie("value").map(({ type, literal }) => {
      const variant = { ...type, structure: { tag: "some" } };
      return { type: { union_type: { variants: [variant, { simple: "NONE", structure: { tag: "none" } }] } }, literal: { scalar: { union: { value: literal, type: variant } } } };
    }),
  ),
})).value;

describe("a form", () => {
  it("gives back the literal that filled it", () => {
    fc.assert(fc.property(typed, ({ type, literal }) => {
      expect(literalOf(type, draftOf(type, literal))).toEqual({ literal, problems: [] });
    }), { numRuns: 300 });
  });

  it("never fails, whatever stands in it", () => {
    fc.assert(fc.property(typed, fc.string(), ({ type }, typedText) => {
      const made = literalOf(type, text(typedText));
      expect(made.literal === undefined).toBe(made.problems.length > 0);
      const nothing = literalOf(type, empty(type));
      expect(nothing.literal === undefined).toBe(nothing.problems.length > 0);
    }));
  });

  it.each([["", "is required"], ["1.5", "is no whole number"], ["ten", "is no whole number"], ["9223372036854775808", "does not fit into 64 bits"]])("refuses %j as a whole number", (typedText, message) => {
    expect(literalOf(INTEGER, text(typedText)).problems[0]?.message).toBe(message);
  });

  it.each([["1e-3", 0.001], ["inf", "Infinity"], ["-inf", "-Infinity"], ["nan", "NaN"], [".5", 0.5], ["1_000", 1_000]])("takes %s as a float", (typedText, value) => {
    expect(literalOf(simple("FLOAT"), text(typedText)).literal?.scalar?.primitive?.float_value).toBe(value);
  });

  it("tells empty text from none", () => {
    expect(literalOf(simple("STRING"), empty(simple("STRING"))).literal?.scalar?.primitive?.string_value).toBe("");
    const optional: LiteralType = { union_type: { variants: [simple("STRING"), simple("NONE")] } };
    expect(literalOf(optional, empty(optional)).literal?.scalar?.union?.value.scalar?.none_type).toEqual({});
  });

  it("names the place of each problem", () => {
    const type: LiteralType = { collection_type: { map_value_type: INTEGER } };
    const draft: Draft = { kind: "list", parts: [{ kind: "map", parts: [["a", text("1")], ["b", text("x")], ["a", text("2")]] }] };
    expect(literalOf(type, draft).problems.map(({ path }) => path.join("."))).toEqual(["0.b", "0.a"]);
  });

  it("takes an optional list", () => {
    const type: LiteralType = { union_type: { variants: [{ collection_type: INTEGER }, simple("NONE")] } };
    expect(literalOf(type, draftOfJson(type, [1, 2])).literal?.scalar?.union?.value.collection?.literals).toHaveLength(2);
    expect(literalOf(type, draftOfJson(type, null)).literal?.scalar?.union?.value.scalar?.none_type).toEqual({});
  });

  const settings: LiteralType = {
    simple: "STRUCT",
    metadata: {
      type: "object", title: "Settings", required: ["depth", "rate"], additionalProperties: false,
      properties: { depth: { type: "integer" }, rate: { type: "number" }, inner: { $ref: "#/$defs/Inner" } },
      $defs: { Inner: { type: "object", properties: { next: { anyOf: [{ $ref: "#/$defs/Inner" }, { type: "null" }] } } } },
    },
    annotation: { annotations: { "cache-key-metadata": { "serialization-format": "msgpack" } } },
  };

  it("checks a struct against its schema, nested and recursive ones too", () => {
    const problems = (value: unknown): string[] => literalOf(settings, { kind: "json", text: JSON.stringify(value) }).problems.map((each) => `${each.path.join(".")} ${each.message}`);
    expect(problems({ depth: 1.5, more: 1 })).toEqual(["rate is missing", "depth must be a whole number", "more is no field of it"]);
    expect(problems({ depth: 1, rate: 2, inner: { next: { next: null } } })).toEqual([]);
    expect(problems({ depth: 1, rate: 2, inner: { next: 3 } })[0]).toMatch(/^inner.next must be/);
  });

  it("writes a struct as its clients do", () => {
    const made = literalOf(settings, { kind: "json", text: '{"depth": 3, "rate": 1}' });
    expect(made.literal?.scalar?.binary).toEqual({ tag: "msgpack", value: "gqVkZXB0aAOkcmF0Zcs/8AAAAAAAAA==" });
    expect(draftOf(settings, made.literal ?? {})).toEqual({ kind: "fields", parts: [["depth", text("3")], ["rate", text("1")], ["inner", { kind: "unset" }]] });
    expect(literalOf(settings, draftOf(settings, made.literal ?? {}))).toEqual(made);
  });

  it("keeps whole numbers that are too large for JavaScript, and floats that are whole", () => {
    const untyped: LiteralType = { simple: "STRUCT", annotation: settings.annotation ?? {} };
    const written = '{\n  "id": 9223372036854775807,\n  "rate": 1.0,\n  "n": 1\n}';
    const made = literalOf(untyped, { kind: "json", text: written });
    expect(draftOf(untyped, made.literal ?? {})).toEqual({ kind: "json", text: written });
    expect(literalOf({ collection_type: INTEGER }, draftOfJson({ collection_type: INTEGER }, readJson("[9223372036854775807]"))).literal?.collection?.literals[0]?.scalar?.primitive?.integer).toBe("9223372036854775807");
  });

  it("comes to an end with schemas that contain themselves, in each way and many times", () => {
    const names = Array.from({ length: 40 }, (_, at) => `A${at}`);
    const all = names.map((name) => ({ $ref: `#/$defs/${name}` }));
    const every = (make: () => object): object => Object.fromEntries(names.map((name) => [name, make()]));
    const cyclic: Record<string, object> = {
      objects: { $ref: "#/$defs/A0", $defs: every(() => ({ type: "object", required: names, properties: Object.fromEntries(names.map((name, at) => [name, all[at]])) })) },
      choices: { $ref: "#/$defs/A0", $defs: every(() => ({ anyOf: all })) },
      lists: { $ref: "#/$defs/A0", $defs: every(() => ({ type: "array", items: { anyOf: all } })) },
      references: { $ref: "#/$defs/A0", $defs: Object.fromEntries(names.map((name, at) => [name, all[(at + 1) % all.length]])) },
      itself: { type: "object", properties: { next: { $ref: "#" }, more: { type: "object", additionalProperties: { $ref: "#" } } } },
    };
    for (const metadata of Object.values(cyclic)) {
      const type = { simple: "STRUCT", metadata } as LiteralType;
      const made = [empty(type), ...['{"A0": {"A1": [[[]]]}}', "[[[[1]]]]", '{"next": {"next": {"more": {"x": {}}}}}'].map((text): Draft => ({ kind: "json", text }))].map((draft) => literalOf(type, draft));
      for (const each of made) expect(each.literal === undefined).toBe(each.problems.length > 0);
    }
  });

  it("sends what nobody has changed as it was", () => {
    const literal: Literal = { scalar: { binary: { tag: "msgpack", value: "gaFixAEA" } } };
    const form = formOfTask({ project: "p", domain: "d", name: "t", version: "v" }, { x: { type: settings } }, { x: literal }, "before");
    expect(filled(form, {}).literals["x"]).toBe(literal);
  });

  it("keeps a literal that no field can show", () => {
    const literal: Literal = { scalar: { error: { message: "x" } } };
    expect(literalOf(simple("ERROR"), draftOf(simple("ERROR"), literal)).literal).toBe(literal);
  });
});

describe("durations and times", () => {
  it.each([["1h30m", "5400s"], ["90 s", "90s"], ["PT1H30M", "5400s"], ["P1DT1S", "86401s"], ["1.5", "1.5s"], ["-2m", "-120s"], ["250ms", "0.25s"], ["2 weeks 1 day", "1296000s"], ["PT0.5H", "1800s"], ["1e3", "1000s"]])("%s is %s", (typedText, written) => expect(durationOf(typedText)).toBe(written));
  it.each(["", "soon", "1 parsec", "1h-30m", "P"])("%j is no duration", (typedText) => expect(durationOf(typedText)).toBeNull());
  it.each([["2026-11-29", "2026-11-29T00:00:00Z"], ["2026-11-29 17:00", "2026-11-29T17:00:00Z"], ["2026-11-29T17:00:00.5+02:00", "2026-11-29T15:00:00.500Z"], ["2026-03-29T03:30:00.123456Z", "2026-03-29T03:30:00.123456Z"], ["2028-02-29T23:59-0130", "2028-03-01T01:29:00Z"], ["0001-01-01", "0001-01-01T00:00:00Z"]])("%s is %s", (typedText, written) => expect(instantOf(typedText)).toBe(written));
  it.each(["", "tomorrow", "2026-13-01", "2026-02-29", "2026-04-31T10:00Z", "9999-12-31T23:59-00:01", "29.11.2026"])("%j is no time", (typedText) => expect(instantOf(typedText)).toBeNull());
});
