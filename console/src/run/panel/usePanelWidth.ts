/** The width of the panel, moved by its edge with pointer or arrows, and remembered. */
import { type HTMLAttributes, useRef, useState } from "react";

const KEY = "alula.panel";
const LEAST = 300;
const STEP = 24;

export function usePanelWidth(): [number, HTMLAttributes<HTMLDivElement>] {
  const [width, setWidth] = useState(() => Number(localStorage.getItem(KEY)) || 440);
  const from = useRef<{ x: number; width: number } | null>(null);
  const set = (next: number): void => {
    const kept = Math.round(Math.min(window.innerWidth * 0.7, Math.max(LEAST, next)));
    setWidth(kept);
    localStorage.setItem(KEY, String(kept));
  };
  return [
    Math.min(width, Math.max(LEAST, window.innerWidth * 0.7)),
    {
      role: "separator",
      tabIndex: 0,
      "aria-orientation": "vertical",
      "aria-label": "Width of the panel",
      "aria-valuenow": width,
      "aria-valuemin": LEAST,
      onPointerDown(event) {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width };
      },
      onPointerMove(event) {
        if (from.current) set(from.current.width + from.current.x - event.clientX);
      },
      onPointerUp() {
        from.current = null;
      },
      onKeyDown(event) {
        if (event.key === "ArrowLeft") set(width + STEP);
        if (event.key === "ArrowRight") set(width - STEP);
      },
    },
  ];
}
