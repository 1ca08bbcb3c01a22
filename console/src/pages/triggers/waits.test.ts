import { describe, expect, it } from "vitest";
import { declaredOf, either, isMessage, textOf, waitsOf } from "./waits";

const HERE = { project: "p", domain: "d" };
const packed = (value: object): object => ({ "@type": "type.googleapis.com/google.protobuf.Struct", value });

describe("what a trigger waits for", () => {
  it.each(["workflow", "launch_plan"] as const)("is a %s, whose name may have slashes", (kind) => {
    const waits = { kind, project: "p", domain: "d", name: "a.b/c" };
    expect(waitsOf(textOf(waits))).toEqual(waits);
  });

  it("is a message, signed with a secret of any name", () => {
    expect(waitsOf("webhook a b/c")).toEqual({ kind: "webhook", secret: "a b/c" });
  });

  it("is an object, at a path with spaces", () => {
    expect(waitsOf("objects s3://b/in box/*.csv")).toEqual({ kind: "objects", pattern: "s3://b/in box/*.csv" });
  });

  it.each(["", "workflow", "workflow p/d", "task p/d/t", "webhook "])("is not known of %j", (text) => expect(waitsOf(text)).toBeNull());
});

describe("a declaration", () => {
  it("names runs by how they end, here if it does not say where", () => {
    expect(declaredOf(packed({ kind: "run", workflow: "etl", phases: ["FAILED", "TIMED_OUT"], inputs: { b: "run.id", a: "run.name" } }), HERE)).toEqual({
      waits: { kind: "workflow", project: "p", domain: "d", name: "etl" }, ends: ["fails", "times out"], inputs: [["a", "run.name"], ["b", "run.id"]],
    });
    expect(declaredOf(packed({ kind: "run", launch_plan: "x", project: "q", domain: "e" }), HERE)).toEqual({
      waits: { kind: "launch_plan", project: "q", domain: "e", name: "x" }, ends: ["succeeds"], inputs: [],
    });
  });

  it("names messages by their secret", () => {
    expect(declaredOf(packed({ kind: "webhook", secret: "git", inputs: {} }), HERE)).toEqual({ waits: { kind: "webhook", secret: "git" }, ends: [], inputs: [] });
  });

  it("names objects by prefix and pattern, as the platform does", () => {
    const declared = (more: object): unknown => declaredOf(packed({ kind: "object", prefix: "inbox/", ...more }), HERE)?.waits;
    expect(declared({ pattern: "*.csv" })).toEqual({ kind: "objects", pattern: "inbox/*.csv" });
    expect(declared({})).toEqual({ kind: "objects", pattern: "inbox/*" });
  });

  it.each([undefined, null, "x", packed({}), packed({ kind: "run" }), packed({ kind: "webhook" }), { value: [] }])("of another kind is none: %j", (conditions) =>
    expect(declaredOf(conditions, HERE)).toBeNull());

  it("is said in words", () => {
    expect([[], ["fails"], ["fails", "times out"], ["a", "b", "c"]].map(either)).toEqual(["", "fails", "fails or times out", "a, b or c"]);
  });
});

it("a cause is a message, or something else", () => {
  expect(["message 4711", "a message", "object s3://b/message 1 appeared", "run p/d/a ended: FAILED", ""].map(isMessage)).toEqual([true, true, false, false, false]);
});
