/** What an audit is about, with the page that shows it. Pure. */
import { shortVersion } from "../../text/names";

const RUN = "/projects/$project/domains/$domain/executions/$name";
const VERSION = "/projects/$project/domains/$domain/$kind/$name/version/$version";
const KINDS: Readonly<Record<string, string>> = { workflow: "workflow", task: "task", "launch plan": "launch_plan" };

export type Target =
  | { readonly to: typeof RUN; readonly params: { readonly project: string; readonly domain: string; readonly name: string } }
  | { readonly to: typeof VERSION; readonly params: { readonly project: string; readonly domain: string; readonly kind: string; readonly name: string; readonly version: string } };

export interface Said {
  /** `execution`, `launch plan` ...; empty if the text does not name one. */
  readonly kind: string;
  readonly name: string;
  readonly link: Target | null;
}

export function targetOf(text: string): Said {
  const found = /^([a-z ]+) (\S.*)$/.exec(text);
  const [kind, name] = found ? [found[1] ?? "", found[2] ?? ""] : ["", text];
  return { kind, name, link: linkTo(kind, name) };
}

/** A name without the place that one is in, and with the first digits of its version. */
export function shorter(name: string, here: string): string {
  const rest = here && name.startsWith(here) ? name.slice(here.length) : name;
  const at = rest.lastIndexOf("@");
  return at > 0 ? `${rest.slice(0, at)}@${shortVersion(rest.slice(at + 1))}` : rest;
}

function linkTo(kind: string, name: string): Target | null {
  const [project, domain, ...rest] = name.split("/");
  const last = rest.join("/");
  if (!project || !domain || !last) return null;
  if (kind === "execution" && rest.length === 1) return { to: RUN, params: { project, domain, name: last } };
  const entity = KINDS[kind];
  // The name of an entity may have slashes and at signs; a version has no at sign.
  const at = last.lastIndexOf("@");
  if (!entity || at <= 0) return null;
  return { to: VERSION, params: { project, domain, kind: entity, name: last.slice(0, at), version: last.slice(at + 1) } };
}
