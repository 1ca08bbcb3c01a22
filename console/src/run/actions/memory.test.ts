/** How much memory is offered to what ran out of it. */
import { expect, it } from "vitest";
import type { Link } from "../../api/causes";
import { isAmount, outOfMemory, twice } from "./memory";

const cause = (node_id: string, error: string, is_remark = false): Link => ({ node_id, code: "NodeFailed", text: "", at: "", facts: { error }, fix: "", is_first: true, is_remark, because: [] });

it("is offered to the step or the item that ran out of it", () => {
  expect(outOfMemory(cause("n1", "OOMKilled"))).toEqual({ step: "n1", item: -1 });
  expect(outOfMemory(cause("n0-0-n1[17]", "RetriesExhausted|OOMKilled"))).toEqual({ step: "n0-0-n1", item: 17 });
  expect(outOfMemory(cause("n1", "USER:ValueError"))).toBeNull();
  expect(outOfMemory(cause("n1", "OOMKilled", true))).toBeNull();
  expect(outOfMemory(cause("", "OOMKilled"))).toBeNull();
});

it.each([[160 * 2 ** 20, "320Mi"], [512 * 2 ** 20, "1Gi"], [1_000_000_000, "1908Mi"], [0, ""]])("of %d bytes is twice as much: %s", (bytes, text) => {
  expect(twice(bytes)).toBe(text);
  expect(text === "" || isAmount(text)).toBe(true);
});
