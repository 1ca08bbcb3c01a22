/** Time to places on a line. Long times in which nothing ran shrink to a fold, so that work stays readable. Pure. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Piece extends Span {
  /** Pixels. */
  readonly left: number;
  readonly width: number;
  readonly isFold: boolean;
}

export interface Scale {
  readonly pieces: readonly Piece[];
  readonly width: number;
  /** Milliseconds to pixels. */
  at(ms: number): number;
  /** Pixels to milliseconds. */
  time(x: number): number;
}

export const FOLD_PX = 18;
/** So much of all must be idle before times are folded. */
const IDLE_SHARE = 0.6;
/** A gap is folded if it is larger than this share of the work. */
const GAP_SHARE = 0.15;

/** The times in which something ran, joined and in order. */
export function busy(spans: readonly Span[]): Span[] {
  const sorted = spans.filter((span) => span.to >= span.from).sort((a, b) => a.from - b.from);
  const found: { from: number; to: number }[] = [];
  for (const span of sorted) {
    const last = found.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else found.push({ ...span });
  }
  return found;
}

export function isMostlyIdle(work: readonly Span[], window: Span): boolean {
  const all = window.to - window.from;
  const worked = work.reduce((sum, span) => sum + Math.max(0, Math.min(span.to, window.to) - Math.max(span.from, window.from)), 0);
  return all > 0 && 1 - worked / all > IDLE_SHARE;
}

export function scaleOf(window: Span, width: number, work: readonly Span[], fold: boolean): Scale {
  const spans = fold ? parts(window, work) : [{ ...window, isFold: false }];
  const folds = spans.filter((span) => span.isFold).length;
  const open = spans.reduce((sum, span) => sum + (span.isFold ? 0 : span.to - span.from), 0);
  const room = Math.max(1, width - folds * FOLD_PX);
  const perMs = open > 0 ? room / open : 0;
  let left = 0;
  const pieces = spans.map((span) => {
    const piece = { ...span, left, width: span.isFold ? FOLD_PX : (span.to - span.from) * perMs };
    left += piece.width;
    return piece;
  });
  return {
    pieces,
    width,
    at(ms) {
      const piece = pieces.find((each) => ms <= each.to) ?? pieces.at(-1);
      if (!piece) return 0;
      const long = piece.to - piece.from;
      return long > 0 ? piece.left + ((ms - piece.from) / long) * piece.width : piece.left;
    },
    time(x) {
      const piece = pieces.find((each) => x <= each.left + each.width) ?? pieces.at(-1);
      if (!piece) return window.from;
      return piece.width > 0 ? piece.from + ((x - piece.left) / piece.width) * (piece.to - piece.from) : piece.from;
    },
  };
}

function parts(window: Span, work: readonly Span[]): (Span & { isFold: boolean })[] {
  const inside = work.filter((span) => span.to > window.from && span.from < window.to);
  const worked = inside.reduce((sum, span) => sum + span.to - span.from, 0);
  const least = Math.max(1_000, worked * GAP_SHARE);
  const found: (Span & { isFold: boolean })[] = [];
  let from = window.from;
  for (const span of [...inside, { from: window.to, to: window.to }]) {
    const gap = span.from - from;
    if (gap > least && found.length + gap > 0) {
      // A little of the gap stays open on both sides, so that bars keep a distance from the fold.
      const edge = Math.min(gap / 4, least / 8);
      found.push({ from: found.at(-1)?.to ?? window.from, to: from + edge, isFold: false }, { from: from + edge, to: span.from - edge, isFold: true });
      from = span.from - edge;
    }
    from = Math.max(from, Math.min(span.to, window.to));
  }
  const start = found.at(-1)?.to ?? window.from;
  if (window.to > start || !found.length) found.push({ from: start, to: window.to, isFold: false });
  return found.filter((span) => span.to > span.from || found.length === 1);
}

const STEPS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400];

/** Round times, at least so many pixels apart. */
export function ticks(scale: Scale, apart: number): { ms: number; x: number }[] {
  const open = scale.pieces.filter((piece) => !piece.isFold);
  const perMs = open.reduce((found, piece) => Math.max(found, piece.width / Math.max(1e-9, piece.to - piece.from)), 0);
  if (perMs <= 0) return [];
  const step = 1_000 * (STEPS_S.find((each) => each * 1_000 * perMs >= apart) ?? Math.ceil(apart / perMs / 86_400_000) * 86_400);
  const found: { ms: number; x: number }[] = [];
  for (const piece of open) {
    for (let ms = Math.ceil(piece.from / step) * step; ms <= piece.to; ms += step) {
      const x = scale.at(ms);
      if (x - (found.at(-1)?.x ?? -apart) >= apart * 0.8) found.push({ ms, x });
    }
  }
  return found;
}
