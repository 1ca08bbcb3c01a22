/** What a trigger waits for: read from the platform's text of it, and from its declaration. Pure. */
import type { Place } from "../../api/runs";

export interface OfEntity extends Place {
  readonly kind: "workflow" | "launch_plan";
  readonly name: string;
}

export type Waits = OfEntity | { readonly kind: "webhook"; readonly secret: string } | { readonly kind: "objects"; readonly pattern: string };

/** Null for a text that names none of these. */
export function waitsOf(text: string): Waits | null {
  const [, kind = "", rest = ""] = /^([a-z_]+) (.+)$/s.exec(text) ?? [];
  if (kind === "webhook") return { kind, secret: rest };
  if (kind === "objects") return { kind, pattern: rest };
  const [project, domain, ...name] = rest.split("/");
  return (kind === "workflow" || kind === "launch_plan") && project && domain && name.length ? { kind, project, domain, name: name.join("/") } : null;
}

/** The text by which the platform finds the triggers that wait for an entity. */
export function textOf({ kind, project, domain, name }: OfEntity): string {
  return `${kind} ${project}/${domain}/${name}`;
}

export interface Declared {
  readonly waits: Waits;
  /** How the runs have ended that count, in words; empty for what is no run. */
  readonly ends: readonly string[];
  /** The source of each input, by its name. */
  readonly inputs: readonly (readonly [string, string])[];
}

/** The launch conditions of a plan in `here`; null if they are none of ours. */
export function declaredOf(conditions: unknown, here: Place): Declared | null {
  const told = fields(fields(conditions)["value"]);
  const inputs = Object.entries(fields(told["inputs"])).map(([name, source]) => [name, text(source)] as const).sort(([a], [b]) => a.localeCompare(b));
  if (told["kind"] === "webhook" && text(told["secret"])) return { waits: { kind: "webhook", secret: text(told["secret"]) }, ends: [], inputs };
  if (told["kind"] === "object" && text(told["prefix"])) {
    return { waits: { kind: "objects", pattern: `${text(told["prefix"]).replace(/\/+$/, "")}/${text(told["pattern"]) || "*"}` }, ends: [], inputs };
  }
  const kind = text(told["workflow"]) ? "workflow" : "launch_plan";
  const name = text(told[kind]);
  if (told["kind"] !== "run" || !name) return null;
  const phases = Array.isArray(told["phases"]) ? told["phases"].map(text) : ["SUCCEEDED"];
  const waits = { kind, project: text(told["project"]) || here.project, domain: text(told["domain"]) || here.domain, name } as const;
  return { waits, ends: endsOf(phases), inputs };
}

const ENDS: Readonly<Record<string, string>> = { SUCCEEDED: "succeeds", FAILED: "fails", ABORTED: "is aborted", TIMED_OUT: "times out" };

/** Phases of ended runs, in words. */
export const endsOf = (phases: readonly string[]): string[] => phases.map((phase) => ENDS[phase] ?? phase.toLowerCase());

/** Whether a cause, as the platform tells it, is a message that was sent to a webhook. */
export const isMessage = (cause: string): boolean => /^(a message$|message )/.test(cause);

/** `fails, is aborted or times out` */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
