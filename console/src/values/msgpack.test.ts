import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ofBase64, toBase64 } from "./base64";
import { Float, type Packable, pack, unpack } from "./msgpack";

const values: fc.Arbitrary<Packable> = fc.letrec<{ value: Packable }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.string({ maxLength: 80 }), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((each) => !Number.isInteger(each)),
    fc.array(tie("value"), { maxLength: 20 }), fc.dictionary(fc.string(), tie("value"), { maxKeys: 20 }).map((each) => new Map(Object.entries(each))),
  ),
})).value;

describe("MessagePack", () => {
  it("goes there and back", () => {
    fc.assert(fc.property(values, (value) => {
      expect(unpack(pack(value))).toEqual(value);
    }));
  });

  it("keeps whole numbers of 64 bits", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => BigInt(unpack(pack(value)) as number | bigint) === value));
  });

  it("reads and writes what Python's msgpack writes", () => {
    const bytes = ofBase64("g6VkZXB0aAOkcmF0Zcs/uZmZmZmZmqR0YWdzkaFh");
    expect(unpack(bytes)).toEqual(new Map<string, unknown>([["depth", 3], ["rate", 0.1], ["tags", ["a"]]]));
    expect(toBase64(pack(new Map<string, Packable>([["depth", 3], ["rate", 0.1], ["tags", ["a"]]])))).toBe("g6VkZXB0aAOkcmF0Zcs/uZmZmZmZmqR0YWdzkaFh");
  });

  it("writes a whole float as a float", () => {
    expect([...pack(new Float(1))]).toEqual([0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
  });

  it("refuses what is none, and never runs on", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          unpack(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
