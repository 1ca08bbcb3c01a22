/** Where one looks at the graph from. Pure. */

export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MARGIN = 24;
export const ZOOM_MIN = 0.02;
export const ZOOM_MAX = 2;

/** All of it, but not larger than life. */
export function fit(graph: Size, view: Size, least = ZOOM_MIN): Camera {
  const zoom = Math.max(least, Math.min(1, (view.width - 2 * MARGIN) / Math.max(1, graph.width), (view.height - 2 * MARGIN) / Math.max(1, graph.height)));
  const [x, y] = [view.width - graph.width * zoom, view.height - graph.height * zoom];
  return { zoom, x: x < 0 ? MARGIN : x / 2, y: y < 0 ? MARGIN : Math.min(y / 2, 2 * MARGIN) };
}

/** Zoom and keep what is under this place of the view where it is. */
export function zoomed(camera: Camera, factor: number, x: number, y: number): Camera {
  const zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, camera.zoom * factor));
  const real = zoom / camera.zoom;
  return { zoom, x: x - (x - camera.x) * real, y: y - (y - camera.y) * real };
}

/** Move only as far as is needed to have this box in view. */
export function showing(camera: Camera, box: { x: number; y: number; width: number; height: number }, view: Size): Camera {
  const [left, top] = [camera.x + box.x * camera.zoom, camera.y + box.y * camera.zoom];
  const [width, height] = [box.width * camera.zoom, box.height * camera.zoom];
  const dx = left < MARGIN ? MARGIN - left : left + width > view.width - MARGIN ? view.width - MARGIN - left - width : 0;
  const dy = top < MARGIN ? MARGIN - top : top + height > view.height - MARGIN ? view.height - MARGIN - top - height : 0;
  return dx || dy ? { ...camera, x: camera.x + dx, y: camera.y + dy } : camera;
}
