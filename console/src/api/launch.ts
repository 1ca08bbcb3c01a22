/** The check of a launch before it is made. */
import { OWN, ask } from "./http";

export interface LaunchProblem {
  /** The field of the request: `inputs.x`, `name`, `spec.labels`. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** All that the platform would refuse. Nothing is launched. */
export async function checkLaunch(body: string, signal?: AbortSignal): Promise<readonly LaunchProblem[]> {
  const response = await ask(`${OWN}/launch/check`, { method: "POST", headers: { "Content-Type": "application/json" }, body, ...(signal ? { signal } : {}) });
  return ((await response.json()) as { problems: readonly LaunchProblem[] }).problems;
}
