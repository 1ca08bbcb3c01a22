/** A canvas that is drawn anew when its width, the theme, or what it shows has changed. */
import { type RefObject, useEffect, useRef } from "react";
import { theme } from "../theme/theme";
import { useStored } from "./store";
import { useWidth } from "./useWidth";

export function useDrawn(height: number, draw: (context: CanvasRenderingContext2D, width: number) => void, on: readonly unknown[]): [RefObject<HTMLCanvasElement | null>, number] {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const shown = useStored(theme, (value) => value.shown);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context || !width) return;
    const scale = window.devicePixelRatio || 1;
    canvas.current.width = Math.round(width * scale);
    canvas.current.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width);
    // oxlint-disable-next-line react/exhaustive-deps
  }, [width, shown, height, ...on]);
  return [canvas, width];
}
