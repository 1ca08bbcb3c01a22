/** The project and domain that one works in: those of the address, else those of the last time. */
import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Place } from "../api/runs";

const KEY = "alula.place";
const FIRST: Place = { project: "flytesnacks", domain: "development" };

export function usePlace(): Place {
  const params = useParams({ strict: false });
  const place = params.project && params.domain ? { project: params.project, domain: params.domain } : lastPlace();
  const { project, domain } = place;
  useEffect(() => localStorage.setItem(KEY, JSON.stringify({ project, domain })), [project, domain]);
  return place;
}

function lastPlace(): Place {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Place> | null;
    if (kept?.project && kept.domain) return { project: kept.project, domain: kept.domain };
  } catch {
    // what another program has left there is no place
  }
  return FIRST;
}
