/** How the cells of a step are drawn: a square a run, with a gap where the run has no such step. */
import type { Status } from "../../status/status";
import { palette } from "../../ui/palette";
import { hatch } from "../../ui/vane-drawing";

export const CELL_PX = 16;
const GAP_PX = 2;

export function drawCells(context: CanvasRenderingContext2D, statuses: readonly (Status | null)[], at: number): void {
  const colours = palette();
  statuses.forEach((status, place) => {
    const left = place * CELL_PX;
    if (place === at) {
      context.fillStyle = colours.selected;
      context.fillRect(left, 0, CELL_PX, CELL_PX);
    }
    if (!status) return;
    // As in a vane: what failed is the tallest, what has not begun the lowest.
    const inset = status.tone === "broken" ? GAP_PX / 2 : status.tone === "idle" ? 5 : GAP_PX + 0.5;
    const size = CELL_PX - 2 * inset;
    context.fillStyle = colours[status.tone];
    context.fillRect(left + inset, inset, size, size);
    if (status.shape === "cached") hatch(context, colours.paper, left + inset, inset, size, size);
  });
}
