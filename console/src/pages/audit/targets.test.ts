import { describe, expect, it } from "vitest";
import { shorter, targetOf } from "./targets";

describe("the target of an audit", () => {
  it("leads to a run", () => {
    expect(targetOf("execution p/d/r-1")).toEqual({
      kind: "execution", name: "p/d/r-1", link: { to: "/projects/$project/domains/$domain/executions/$name", params: { project: "p", domain: "d", name: "r-1" } },
    });
  });

  it("leads to a version of an entity", () => {
    expect(targetOf("launch plan p/d/a.b/c@d@v1").link?.params).toEqual({ project: "p", domain: "d", kind: "launch_plan", name: "a.b/c@d", version: "v1" });
  });

  it("is shown without the place that one is in", () => {
    expect(shorter("p/d/a.b@0123456789abcdef", "p/d/")).toBe("a.b@0123456");
    expect(shorter("p/d/a.b@v1", "q/d/")).toBe("p/d/a.b@v1");
    expect(shorter("p/d/r-1", "")).toBe("p/d/r-1");
  });

  it.each(["project p", "cache of p/d/task", "something", "execution p/d", "workflow p/d/x", ""])("%s leads nowhere", (text) => {
    expect(targetOf(text).link).toBeNull();
  });
});
