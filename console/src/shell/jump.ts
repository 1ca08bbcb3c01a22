/** What a pasted text may mean: a run's name, a link, a `flyte://` address. */
import type { Place, RunId } from "../api/runs";

const LINK = /\/projects\/([^/?#]+)\/domains\/([^/?#]+)\/executions\/([^/?#]+)/;
const FLYTE = /^flyte:\/\/v1\/([^/]+)\/([^/]+)\/([^/]+)/;
const SLASHED = /^([^/\s]+)\/([^/\s]+)\/([^/\s]+)$/;

export function jump(text: string, place: Place): RunId | null {
  const found = LINK.exec(text) ?? FLYTE.exec(text) ?? SLASHED.exec(text);
  if (found?.[1] && found[2] && found[3]) {
    return { project: decodeURIComponent(found[1]), domain: decodeURIComponent(found[2]), name: decodeURIComponent(found[3]) };
  }
  return /^[a-z][a-z0-9-]{2,62}$/.test(text) ? { ...place, name: text } : null;
}
