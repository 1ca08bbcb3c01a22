// @vitest-environment jsdom
/** What a form refuses: each of it is told at its field, and nothing of it is a literal that could be sent. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { JsonSchema, LiteralType } from "../api/idl";
import { queries } from "../queries";
import { readJson } from "../values/json";
import { typeName } from "../values/types";
import { type Draft, draftOfJson } from "./drafts";
import { Field } from "./Field";
import { filled, formOfTask } from "./form";

vi.mock("../shell/place", () => ({ usePlace: () => ({ project: "p", domain: "d" }) }));

const simple = (name: string): LiteralType => ({ simple: name });
const [INT, FLOAT, STR, BOOL, TIME, LONG] = ["INTEGER", "FLOAT", "STRING", "BOOLEAN", "DATETIME", "DURATION"].map(simple) as [LiteralType, LiteralType, LiteralType, LiteralType, LiteralType, LiteralType];
const list = (of: LiteralType): LiteralType => ({ collection_type: of });
const map = (of: LiteralType): LiteralType => ({ map_value_type: of });
const optional = (of: LiteralType): LiteralType => ({ union_type: { variants: [of, simple("NONE")] } });
const struct = (metadata: JsonSchema): LiteralType => ({ simple: "STRUCT", metadata });
const LEAF = { type: "object", title: "Leaf", required: ["name"], additionalProperties: false, properties: { name: { type: "string", minLength: 1, maxLength: 5, pattern: "^[a-z]+$" }, weight: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.5 } } };
const TREE = struct({ type: "object", title: "Tree", required: ["leaf"], properties: { leaf: { $ref: "#/$defs/Leaf" }, leaves: { type: "array", maxItems: 1, items: { $ref: "#/$defs/Leaf" } }, next: { anyOf: [{ $ref: "#" }, { type: "null" }] } }, $defs: { Leaf: LEAF } });

const text = (value: string): Draft => ({ kind: "text", text: value });
const json = (value: string): Draft => ({ kind: "json", text: value });
const pasted = (type: LiteralType, value: string): Draft => draftOfJson(type, readJson(value));
const chosen = (at: number, ...drafts: Draft[]): Draft => ({ kind: "union", chosen: at, drafts });

const INVALID: readonly (readonly [type: LiteralType, draft: Draft, message: string, path?: string])[] = [
  [INT, text(""), "is required"],
  [INT, text("1.5"), "is no whole number"],
  [INT, text("0x10"), "is no whole number"],
  [INT, text("1__0"), "is no whole number"],
  [INT, text("9223372036854775808"), "does not fit into 64 bits"],
  [INT, text("-9223372036854775809"), "does not fit into 64 bits"],
  [FLOAT, text("1,5"), "is no number"],
  [FLOAT, text("."), "is no number"],
  [FLOAT, text("1e999"), "is too large"],
  [BOOL, { kind: "unset" }, "is required"],
  [BOOL, text("maybe"), "choose yes or no"],
  [TIME, text("2026-02-30"), "is no time"],
  [TIME, text("2026-01-01T24:00"), "is no time"],
  [TIME, text("0001-01-01T00:00+02:00"), "is no time"],
  [TIME, text("29.11.2026"), "is no time"],
  [LONG, text("1 parsec"), "is no duration"],
  [LONG, text("1h-30m"), "is no duration"],
  [LONG, text("999999w 9999999999999 days"), "is no duration"],
  [{ enum_type: { values: ["red", "blue"] } }, text(""), "choose one"],
  [{ enum_type: { values: ["red", "blue"] } }, text("RED"), "is none of red, blue"],
  [{ ...INT, annotation: { annotations: { literal_values: [1, 2] } } }, text("3"), "is none of 1, 2"],
  [{ blob: {} }, text(""), "wants an address"],
  [{ blob: {} }, text("my file.csv"), "is no address"],
  [{ structured_dataset_type: {} }, text("table"), "is no address"],
  [list(INT), json("[1"), "is no list"],
  [list(INT), pasted(list(INT), "[1, 2.5, true]"), "is no whole number", "1"],
  [list(STR), text("a"), "is no list"],
  [map(INT), text("a"), "is no map"],
  [map(INT), { kind: "map", parts: [["a", text("1")], ["a", text("2")]] }, "stands there twice", "a"],
  [map(list(FLOAT)), pasted(map(list(FLOAT)), '{"a": [1, "x"]}'), "is no number", "a.1"],
  [optional(INT), chosen(0, text("x"), { kind: "none" }), "is no whole number"],
  [optional(list(INT)), pasted(optional(list(INT)), '["x"]'), "is no whole number", "0"],
  [struct({}), json(""), "is no JSON"],
  [struct({}), json("3"), "is neither an object nor a list"],
  [TREE, json('{"leaf": {"name": "a"'), "is no JSON"],
  [TREE, json("{}"), "is missing", "leaf"],
  [TREE, json('{"leaf": {"name": 3}}'), "must be a text", "leaf.name"],
  [TREE, json('{"leaf": {"name": "a", "colour": 1}}'), "is no field of it", "leaf.colour"],
  [TREE, json('{"leaf": {"name": ""}}'), "must have 1 or more characters", "leaf.name"],
  [TREE, json('{"leaf": {"name": "abcdef"}}'), "must have 5 or less characters", "leaf.name"],
  [TREE, json('{"leaf": {"name": "A"}}'), "must look like ^[a-z]+$", "leaf.name"],
  [TREE, json('{"leaf": {"name": "a", "weight": -1}}'), "must be 0 or more", "leaf.weight"],
  [TREE, json('{"leaf": {"name": "a", "weight": 1}}'), "must be less than 1", "leaf.weight"],
  [TREE, json('{"leaf": {"name": "a"}, "leaves": [{"name": "a"}, {"name": "b"}]}'), "must have 1 or less values", "leaves"],
  [TREE, json('{"leaf": {"name": "a"}, "next": {"leaf": {"name": "b"}, "next": {"leaf": 1}}}'), "must be an object", "next.next.leaf"],
  [simple("BINARY"), json('"x"'), "is no literal"],
];

describe("a launch form", () => {
  it.each(INVALID.map(([type, draft, message, path = ""]) => [path, message, typeName(type), JSON.stringify(draft), type, draft] as const))("says at %j %j of %s %s", (path, message, _, __, type, draft) => {
    const form = formOfTask({ project: "p", domain: "d", name: "t", version: "v" }, { x: { type } }, {}, "");
    const done = filled(form, { x: draft });
    expect(done.literals).toEqual({});
    const problems = done.problems["x"] ?? [];
    expect(problems.map((each) => `${each.path.join(".")} ${each.message}`)).toContainEqual(expect.stringMatching(RegExp(`^${literally(path)} ${literally(message)}`)));
    const { container } = render(
      <QueryClientProvider client={queries}>
        <Field name="x" type={type} draft={draft} problems={problems} onChange={() => undefined} />
      </QueryClientProvider>,
    );
    expect(container.querySelector("[data-field=x]")?.textContent).toContain(message);
  });
});

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
