/** What is copied says the same on the command line, to curl and in Python, and holds whatever names hold. */
import { describe, expect, it } from "vitest";
import { aborting, curl, deciding, forking, relaunching } from "./calls";

const RUN = { project: "etl", domain: "staging", name: "nightly-7f3" };
const BASE = "http://127.0.0.1:8088";

describe("a call", () => {
  it("names the place where it is not the usual one", () => {
    expect(relaunching(RUN).command).toBe("alula relaunch -p etl -d staging nightly-7f3");
    expect(relaunching({ ...RUN, project: "flytesnacks", domain: "development" }).command).toBe("alula relaunch nightly-7f3");
    expect(relaunching(RUN).python).toContain('FlyteRemote(default_project="etl", default_domain="staging")');
  });

  it("holds a text that would end it", () => {
    const call = aborting(RUN, `it's "off"\n\u202e\\`);
    expect(call.command).toBe(`alula abort -p etl -d staging nightly-7f3 --cause 'it'"'"'s "off"\n\u202e\\'`);
    expect(call.python).toContain(`run.abort("it's \\"off\\"\\n\\u202e\\\\")`);
  });

  it("is a request that a shell takes", () => {
    expect(curl(forking(RUN, ["n1"]).request, BASE)).toBe(`curl -X POST -H 'Content-Type: application/json' -d '{"nodes":["n1"]}' ${BASE}/api/v1/alula/fork/etl/staging/nightly-7f3`);
    expect(curl({ verb: "GET", path: "/api/v1/executions/a%20b" }, BASE)).toBe(`curl ${BASE}/api/v1/executions/a%20b`);
  });

  it("gives the tasks of a fork more memory", () => {
    const call = forking(RUN, ["n1"], "320Mi");
    expect(call.command).toBe("alula fork -p etl -d staging nightly-7f3 --from n1 --mem 320Mi");
    expect(call.python).toContain('run.fork("n1", resources=Resources(mem="320Mi"))');
    expect(call.request.body.overrides).toEqual({ resources: { requests: [{ name: "MEMORY", value: "320Mi" }], limits: [{ name: "MEMORY", value: "320Mi" }] } });
  });

  it("decides an approval", () => {
    expect(deciding(RUN, "looks good", false).command).toBe("alula reject -p etl -d staging nightly-7f3 'looks good'");
  });
});
