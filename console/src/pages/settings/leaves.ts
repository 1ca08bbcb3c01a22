/** The leaves of a value of JSON, each with the way to it. Pure. */

export function leaves(value: unknown, path = ""): [string, string][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length) {
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path ? `${path}.${name}` : name));
  }
  return path ? [[path, typeof value === "string" ? value : JSON.stringify(value)]] : [];
}
