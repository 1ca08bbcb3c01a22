/** Requests to the platform, and its refusals as errors. Decides nothing else. */

export const OWN = "/api/v1/alula";
export const FLYTE = "/api/v1";

/** An answer that is no success: what the platform says of it, for programs and for people. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly fix: string;

  constructor(status: number, code: string, message: string, fix = "") {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.fix = fix;
  }
}

/** True if the platform was not reached at all. */
export function isAway(error: unknown): boolean {
  return error instanceof Refused && error.status === 0;
}

/** True if the platform knows no such thing. */
export function isMissing(error: unknown): boolean {
  return error instanceof Refused && error.status === 404;
}

export interface Asked {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Record<string, string>;
}

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, "Unreachable", "The platform does not answer.", "See whether it runs: alula status");
  }
  if (!response.ok && response.status !== 304) throw await refusal(response);
  return response;
}

export async function get<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await ask(path, { ...(asked.signal ? { signal: asked.signal } : {}), headers: asked.headers ?? {} });
  return (await response.json()) as T;
}

export async function send<T>(verb: "POST" | "PUT" | "DELETE", path: string, body: unknown): Promise<T> {
  const response = await ask(path, {
    method: verb,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

async function refusal(response: Response): Promise<Refused> {
  const text = await response.text();
  try {
    const told = JSON.parse(text) as { code?: string; message?: string; fix?: string };
    return new Refused(response.status, told.code ?? "Unknown", told.message ?? text, told.fix ?? "");
  } catch {
    return new Refused(response.status, `HTTP ${response.status}`, text || response.statusText);
  }
}

/** A path of parts, each made safe. */
export function path(...parts: readonly (string | number)[]): string {
  return parts.map((part) => encodeURIComponent(part)).join("/");
}

export function query(values: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
