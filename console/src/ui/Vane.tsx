/** The vane: the states of all parts in one strip, index left to right. It means the same wherever it stands. */
import type { ReactElement } from "react";
import type { Count } from "../status/counts";
import { sentence } from "../status/counts";
import { useDrawn } from "./useDrawn";
import { drawCounts, drawParts } from "./vane-drawing";
import styles from "./Vane.module.css";

/** Of counts alone, where the order of the parts is not known or does not matter. */
export function CountVane({ counts, height = 8, label }: { counts: readonly Count[]; height?: number; label?: string }): ReactElement {
  const [canvas, width] = useDrawn(height, (context, places) => drawCounts(context, counts, places, height), [counts, height]);
  return <Strip canvas={canvas} width={width} height={height} label={label ?? sentence(counts)} />;
}

/** Of each part by its number. A click tells which part stands there. */
export function PartVane({ parts, counts, height = 14, onPick }: {
  parts: Uint8Array;
  counts: readonly Count[];
  height?: number;
  onPick?: (index: number) => void;
}): ReactElement {
  const [canvas, width] = useDrawn(height, (context, places) => drawParts(context, parts, places, height), [parts, height]);
  const strip = <Strip canvas={canvas} width={width} height={height} label={sentence(counts)} />;
  if (!onPick) return strip;
  return (
    <button
      type="button"
      className={styles.pick}
      aria-label={`${sentence(counts)}. Go to the items`}
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const share = event.detail ? (event.clientX - box.left) / box.width : 0;
        onPick(Math.min(parts.length - 1, Math.max(0, Math.floor(share * parts.length))));
      }}
    >
      {strip}
    </button>
  );
}

function Strip({ canvas, width, height, label }: {
  canvas: React.RefObject<HTMLCanvasElement | null>;
  width: number;
  height: number;
  label: string;
}): ReactElement {
  return <canvas ref={canvas} className={styles.vane} role="img" aria-label={label} title={label} data-width={width} style={{ height }} />;
}
