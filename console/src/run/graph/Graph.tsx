/** A graph to look at: edges and far views on a canvas, near nodes as real text that has focus and a name. */
import { Maximize, Minus, Plus } from "lucide-react";
import { type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../../shell/useKeys";
import { theme } from "../../theme/theme";
import { IconButton } from "../../ui/Button";
import { Empty } from "../../ui/State";
import { useStored } from "../../ui/store";
import { useSize } from "../../ui/useWidth";
import { type Tree, wayTo } from "../plan/tree";
import type { Choices } from "../plan/visible";
import { type Camera, fit, showing, zoomed } from "./camera";
import { draw, viewed } from "./drawing";
import { type Facts, GraphNode } from "./GraphNode";
import styles from "./Graph.module.css";
import { neighbour } from "./neighbours";
import { quotient } from "./quotient";
import { type Placed, type Scene, sceneOf } from "./scene";

const NODES_MAX = 300;
const TEXT_ZOOM = 0.45;
/** A graph of so few parts opens at a size at which it can be read, even if not all of it is in view. */
const READ_MAX = 120;
const READ_ZOOM = 0.8;

export interface GraphProps {
  readonly tree: Tree;
  readonly choices: Choices;
  readonly selected: string | undefined;
  readonly facts: Facts;
  readonly onSelect: (id: string | null) => void;
  readonly onToggle: (id: string, open: boolean) => void;
}

export function Graph({ tree, choices, selected: sel, facts, onSelect: select, onToggle }: GraphProps): ReactElement {
  const level = useMemo(() => quotient(tree.steps, tree.scope, choices), [tree, choices]);
  const scene = useScene(level);
  const frame = useRef<HTMLDivElement>(null);
  const view = useSize(frame);
  const [camera, setCamera] = useCamera(scene, view);
  const byId = useMemo(() => new Map(scene.placed.map((each) => [each.part.id, each])), [scene]);
  const chosen = useChosen(tree, byId, sel);
  const selected = useMemo(() => new Set(chosen ? [chosen] : []), [chosen]);
  const inView = viewed(camera, view);
  const near = camera.zoom >= TEXT_ZOOM ? scene.placed.filter(inView) : [];
  const blocks = near.length === 0 || near.length > NODES_MAX;
  const canvas = useCanvas(scene, camera, view, selected, blocks);
  useEffect(() => {
    const box = chosen ? byId.get(chosen) : undefined;
    if (box && view.width) setCamera((now) => showing(now, box, view));
    // oxlint-disable-next-line react/exhaustive-deps
  }, [chosen, view.width > 0]);
  const middle = (factor: number): void => setCamera((now) => zoomed(now, factor, view.width / 2, view.height / 2));
  const fitAll = (): void => setCamera(fit(scene, view));
  useKeys((key) => {
    if (key === "z") fitAll();
    else if (key === "+") middle(1.25);
    else if (key === "-") middle(0.8);
    else return false;
    return true;
  });
  const pan = usePan(frame, setCamera, (x, y) => {
    const [gx, gy] = [(x - camera.x) / camera.zoom, (y - camera.y) / camera.zoom];
    const hit = scene.placed.filter((each) => gx >= each.x && gx <= each.x + each.width && gy >= each.y && gy <= each.y + each.height).at(-1);
    select(hit ? (hit.part.steps[0]?.id ?? null) : null);
  });
  if (!scene.placed.length) return <Empty title="The graph is not known yet." />;
  return (
    <div
      ref={frame}
      className={styles.graph}
      data-own-keys
      role="application"
      aria-roledescription="graph"
      aria-label={`Graph of ${tree.steps.length} steps. Arrows move along its edges.`}
      tabIndex={0}
      {...pan}
      onKeyDown={(event) => {
        const next = neighbour(scene, chosen, event.key);
        if (!next) return;
        event.preventDefault();
        event.stopPropagation();
        const step = byId.get(next)?.part.steps[0];
        if (step) select(step.id);
      }}
    >
      <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
      <div className={styles.nodes} style={{ transform: `translate(${camera.x}px, ${camera.y}px) scale(${camera.zoom})` }}>
        {blocks ? null : near.map((each) => <GraphNode key={each.part.id} placed={each} isChosen={each.part.id === chosen} tree={tree} facts={facts} onSelect={select} onToggle={() => onToggle(each.part.id, each.part.kind !== "group")} />)}
      </div>
      <div className={styles.tools}>
        <IconButton label="Larger (+)" onClick={() => middle(1.25)}><Plus size={14} /></IconButton>
        <IconButton label="Smaller (-)" onClick={() => middle(0.8)}><Minus size={14} /></IconButton>
        <IconButton label="Show all (z)" onClick={fitAll}><Maximize size={14} /></IconButton>
      </div>
    </div>
  );
}

/** The place of everything, worked out again only when the structure has changed. */
function useScene(level: ReturnType<typeof quotient>): Scene {
  const structure = useMemo(() => JSON.stringify([level.edges, shape(level)]), [level]);
  // oxlint-disable-next-line react/exhaustive-deps
  const places = useMemo(() => sceneOf(level), [structure]);
  return useMemo(() => {
    const parts = new Map<string, Placed["part"]>();
    const visit = (each: typeof level): void => each.parts.forEach((part) => {
      parts.set(part.id, part);
      if (part.inside) visit(part.inside);
    });
    visit(level);
    return { ...places, placed: places.placed.map((each) => ({ ...each, part: parts.get(each.part.id) ?? each.part })) };
  }, [places, level]);
}

function shape(level: ReturnType<typeof quotient>): unknown[] {
  return level.parts.map((part) => (part.inside ? [part.id, part.inside.edges, shape(part.inside)] : part.id));
}

/** The part of the graph in which the selected step is shown: itself, its stack, or the closed group around it. */
function useChosen(tree: Tree, byId: ReadonlyMap<string, Placed>, sel: string | undefined): string | null {
  return useMemo(() => {
    if (!sel) return null;
    for (const step of wayTo(tree, sel).reverse()) {
      if (byId.has(step.id)) return step.id;
      for (const each of byId.values()) if (each.part.kind === "stack" && each.part.steps.some((member) => member.id === step.id)) return each.part.id;
    }
    return null;
  }, [byId, sel, tree]);
}

/** All of it in view at first, and then where somebody has moved to: what opens or changes moves nothing. */
function useCamera(scene: Scene, view: { width: number; height: number }): [Camera, (change: Camera | ((now: Camera) => Camera)) => void] {
  const [moved, setMoved] = useState<Camera | null>(null);
  const whole = useMemo(() => fit(scene, view, scene.placed.length <= READ_MAX ? READ_ZOOM : undefined), [scene, view]);
  useEffect(() => {
    // oxlint-disable-next-line react/set-state-in-effect -- it stays where it first was, whatever opens later
    if (view.width && scene.placed.length) setMoved((now) => now ?? whole);
  }, [view, scene, whole]);
  const setCamera = useCallback((change: Camera | ((now: Camera) => Camera)) => setMoved((now) => (typeof change === "function" ? change(now ?? whole) : change)), [whole]);
  return [moved ?? whole, setCamera];
}

function useCanvas(scene: Scene, camera: Camera, view: { width: number; height: number }, selected: ReadonlySet<string>, blocks: boolean): React.RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useStored(theme, (value) => value.shown);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !view.width) return undefined;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    const frame = requestAnimationFrame(() => {
      if (element.width !== width || element.height !== height) [element.width, element.height] = [width, height];
      draw(context, scene, camera, view, selected, blocks);
    });
    return () => cancelAnimationFrame(frame);
  }, [scene, camera, view, selected, blocks, shown]);
  return canvas;
}

function usePan(frame: React.RefObject<HTMLDivElement | null>, setCamera: (change: (now: Camera) => Camera) => void, pick: (x: number, y: number) => void): React.HTMLAttributes<HTMLDivElement> {
  const from = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) setCamera((now) => zoomed(now, Math.exp(-event.deltaY * 0.004), event.clientX - box.left, event.clientY - box.top));
      else setCamera((now) => ({ ...now, x: now.x - event.deltaX, y: now.y - event.deltaY }));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [frame, setCamera]);
  return {
    onPointerDown(event) {
      if (event.target instanceof Element && event.target.closest("button")) return; // the picture in one is no HTML element
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { x: event.clientX, y: event.clientY, moved: false };
    },
    onPointerMove(event) {
      const start = from.current;
      if (!start) return;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      from.current = { x: event.clientX, y: event.clientY, moved: start.moved || Math.abs(dx) + Math.abs(dy) > 2 };
      setCamera((now) => ({ ...now, x: now.x + dx, y: now.y + dy }));
    },
    onPointerUp(event) {
      if (from.current && !from.current.moved) {
        const box = event.currentTarget.getBoundingClientRect();
        pick(event.clientX - box.left, event.clientY - box.top);
      }
      from.current = null;
    },
  };
}
