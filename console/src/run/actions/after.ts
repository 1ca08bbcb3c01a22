/** All that comes after some nodes of a graph, they themselves included. Pure. */
export function after(edges: readonly (readonly [string, string])[], chosen: ReadonlySet<string>): Set<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const found = new Set(chosen);
  const waiting = [...chosen];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const to of next.get(node) ?? []) {
      if (found.has(to)) continue;
      found.add(to);
      waiting.push(to);
    }
  }
  return found;
}
