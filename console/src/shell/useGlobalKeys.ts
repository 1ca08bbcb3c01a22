/** The keys that work on every page. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { chooseZone, zone } from "../ui/clock";
import { helps, palettes } from "./palette-state";
import { usePlace } from "./place";
import { useKeys } from "./useKeys";

const AFTER_G_MS = 1_200;
const NEVER = -Infinity;
const GO = {
  h: "/projects/$project/domains/$domain",
  r: "/projects/$project/domains/$domain/executions",
  w: "/projects/$project/domains/$domain/workflows",
  t: "/projects/$project/domains/$domain/tasks",
  l: "/projects/$project/domains/$domain/launchPlans",
  e: "/projects/$project/domains/$domain/triggers",
  b: "/projects/$project/domains/$domain/backfills",
  d: "/projects/$project/domains/$domain/data",
  a: "/audit",
  s: "/settings",
} as const;

export function useGlobalKeys(): void {
  const navigate = useNavigate();
  const place = usePlace();
  const wentAt = useRef(NEVER);
  useKeys((key) => {
    if (performance.now() - wentAt.current < AFTER_G_MS && key in GO) {
      wentAt.current = NEVER;
      void navigate({ to: GO[key as keyof typeof GO], params: { ...place } });
      return true;
    }
    if (key === "g") wentAt.current = performance.now();
    else if (key === "u") chooseZone(zone.get() === "utc" ? "local" : "utc");
    else if (key === "?") helps.set(true);
    else return false;
    return true;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        palettes.update((open) => !open);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
