import { describe, expect, it } from "vitest";
import { type Link, firstCause } from "./causes";

const link = (code: string, ...because: Link[]): Link => ({ node_id: "", code, text: "", at: "", facts: {}, because });

describe("the first cause", () => {
  it("is where the chain begins", () => {
    expect(firstCause(link("RunFailed", link("NodeFailed", link("NodeFailed", link("Boom"))))).code).toBe("Boom");
  });

  it.each(["SeeAbove", "AttemptFailed", "CacheMiss", "Rejected"])("is before the remark %s", (remark) => {
    expect(firstCause(link("RunRuns", link("WaitsForCache", link(remark)))).code).toBe("WaitsForCache");
  });
});
