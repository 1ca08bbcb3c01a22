/** Settings of the platform: its projects, and what holds for the runs of a domain. */
import { FLYTE, get, path, query, send } from "./http";
import type { Project } from "./flyte";

export const createProject = (id: string, name: string, description: string): Promise<unknown> =>
  send("POST", `${FLYTE}/projects`, { project: { id, name: name || id, description } });

export const setProjectState = (project: Project, state: "ACTIVE" | "ARCHIVED"): Promise<unknown> =>
  send("PUT", `${FLYTE}/projects/${path(project.id)}`, { id: project.id, name: project.name, description: project.description ?? "", labels: project.labels ?? {}, state });

export const listAllProjects = (signal?: AbortSignal): Promise<{ projects?: Project[] }> =>
  get(`${FLYTE}/projects${query({ limit: 500, filters: "value_in(state,ACTIVE;ARCHIVED)", "sort_by.key": "identifier", "sort_by.direction": "ASCENDING" })}`, { signal });

/** Each kind of attributes with the words that people use for it. */
export const ATTRIBUTES = {
  WORKFLOW_EXECUTION_CONFIG: "runs",
  TASK_RESOURCE: "resources of tasks",
  QUALITY_OF_SERVICE_SPECIFICATION: "quality of service",
  PLUGIN_OVERRIDE: "executors",
} as const;
export type AttributeKind = keyof typeof ATTRIBUTES;

export interface Configuration {
  readonly project?: string;
  /** Empty for all domains of the project. */
  readonly domain?: string;
  /** Empty for all workflows. */
  readonly workflow?: string;
  readonly attributes?: Record<string, unknown>;
}

/** All that is set of a kind, wherever. */
export const listAttributes = (kind: AttributeKind, signal?: AbortSignal): Promise<{ configurations?: Configuration[] }> =>
  get(`${FLYTE}/matchable_attributes${query({ resource_type: kind })}`, { signal });
