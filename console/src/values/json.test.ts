import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson, writeJson } from "./json";
import { Float, type Packable } from "./msgpack";

const values: fc.Arbitrary<Packable> = fc.letrec<{ value: Packable }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.bigInt({ min: 2n ** 60n, max: 2n ** 63n - 1n }), fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((each) => !Object.is(each, -0)).map((each) => new Float(each)),
    fc.array(tie("value"), { maxLength: 5 }), fc.array(fc.tuple(fc.string(), tie("value")), { maxLength: 5 }).map((each) => new Map(each)),
  ),
})).value;

describe("JSON", () => {
  it("goes there and back with nothing lost, over lines and in one", () => {
    fc.assert(fc.property(values, fc.constantFrom("", null), (value, indent) => {
      expect(readJson(writeJson(value, indent))).toEqual(value);
    }));
  });

  it("is read as JSON.parse reads it, but for its numbers", () => {
    fc.assert(fc.property(fc.json({ noUnicodeString: false }), (text) => {
      expect(JSON.parse(writeJson(readJson(text)))).toEqual(JSON.parse(text));
    }));
  });

  it.each(["", "{", "[1,]", "{'a': 1}", "nan", "1 2"])("is not %j", (text) => expect(() => readJson(text)).toThrow(SyntaxError));
});
