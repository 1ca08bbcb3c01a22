/** The states of many parts in few places, left to right: in each place the worst one wins, so one failure in 100,000 shows. */

/** For each bucket the index of the part that stands for it. */
export function buckets(weights: ArrayLike<number>, places: number): Int32Array {
  const size = weights.length;
  const count = Math.max(0, Math.min(places, size));
  const found = new Int32Array(count);
  for (let place = 0; place < count; place += 1) {
    const from = Math.floor((place * size) / count);
    const to = Math.floor(((place + 1) * size) / count);
    let worst = from;
    for (let index = from + 1; index < to; index += 1) {
      if ((weights[index] ?? 0) > (weights[worst] ?? 0)) worst = index;
    }
    found[place] = worst;
  }
  return found;
}
