/** How often the edges of a layered graph cross, counted in n log n. */

interface Linked {
  readonly down: readonly number[];
}

export function crossings(nodes: readonly Linked[], layers: readonly (readonly number[])[], position: Float64Array): number {
  let count = 0;
  layers.slice(0, -1).forEach((layer, rank) => {
    count += between(nodes, layer, layers[rank + 1]?.length ?? 0, position);
  });
  return count;
}

function between(nodes: readonly Linked[], upper: readonly number[], width: number, position: Float64Array): number {
  const tree = new Int32Array(width + 1);
  let seen = 0;
  let count = 0;
  for (const at of upper) {
    const ends = (nodes[at]?.down ?? []).map((to) => position[to] ?? 0).sort((a, b) => a - b);
    for (const end of ends) count += seen - below(tree, end + 1);
    for (const end of ends) {
      for (let place = end + 1; place <= width; place += place & -place) tree[place] = (tree[place] ?? 0) + 1;
      seen += 1;
    }
  }
  return count;
}

/** How many edges that were seen end at this place or before it. */
function below(tree: Int32Array, end: number): number {
  let sum = 0;
  for (let place = end; place > 0; place -= place & -place) sum += tree[place] ?? 0;
  return sum;
}
