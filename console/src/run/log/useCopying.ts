/** Copies what is marked of a log as it was written: also where lines that are marked are on the page no more. */
import { type ClipboardEvent, useEffect, useRef } from "react";
import type { LogBuffer } from "./buffer";
import { type Place, written } from "./copying";

export function useCopying(buffer: LogBuffer): (event: ClipboardEvent) => void {
  const marked = useRef<{ from: Place | null; to: Place | null }>({ from: null, to: null });
  useEffect(() => {
    const onChange = (): void => {
      const selection = document.getSelection();
      const [from, to] = [placeOf(selection?.anchorNode, selection?.anchorOffset), placeOf(selection?.focusNode, selection?.focusOffset)];
      // Where a line has left the page, what was last known of it holds.
      marked.current = { from: from ?? marked.current.from, to: to ?? marked.current.to };
    };
    document.addEventListener("selectionchange", onChange);
    return () => document.removeEventListener("selectionchange", onChange);
  }, []);
  return (event) => {
    const { from, to } = marked.current;
    if (!from || !to || document.getSelection()?.isCollapsed) return;
    event.clipboardData.setData("text/plain", written((index) => buffer.line(index), from, to));
    event.preventDefault();
  };
}

function placeOf(node: Node | null | undefined, offset = 0): Place | null {
  const row = (node instanceof Element ? node : node?.parentElement)?.closest<HTMLElement>("[data-index]");
  const text = row?.querySelector("[data-text]");
  if (!node || !row || !text) return null;
  const before = document.createRange();
  before.setStart(text, 0);
  if (before.comparePoint(node, offset) < 0) return { line: Number(row.dataset["index"]), at: 0 };
  before.setEnd(node, offset);
  return { line: Number(row.dataset["index"]), at: before.toString().length };
}
