import { expect, it } from "vitest";
import { type Link, firstCause } from "./causes";

const link = (code: string, is_first: boolean, ...because: Link[]): Link => ({ node_id: "", code, text: "", at: "", facts: {}, fix: "", is_first, is_remark: false, because });

it("finds the first cause where the platform has marked it", () => {
  const failed = link("NodeFailed", false, link("Boom", true, link("AttemptFailed", false)));
  expect(firstCause(link("RunFailed", false, failed, link("NodeFailed", false))).code).toBe("Boom");
});
