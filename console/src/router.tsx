/** The routes. Their shapes are Flyte's own, as its clients print links of them. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Shell } from "./shell/Shell";
import { Failed, NotThere } from "./pages/Failed";
import { Home } from "./pages/home/Home";
import { Runs } from "./pages/runs/Runs";
import { readAhead } from "./run/ahead";
import { auditSearch, backfillSearch, compareSearch, entitySearch, launchSearch, listSearch, runSearch, runsSearch } from "./search";

const root = createRootRoute({ component: Shell, notFoundComponent: NotThere, errorComponent: Failed });
const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });
const domain = createRoute({ getParentRoute: () => root, path: "/projects/$project/domains/$domain" });
const domainHome = createRoute({ getParentRoute: () => domain, path: "/", component: Home });
const runs = createRoute({ getParentRoute: () => domain, path: "/executions", component: Runs, validateSearch: runsSearch });
const run = createRoute({
  getParentRoute: () => domain,
  path: "/executions/$name",
  validateSearch: runSearch,
  loader: ({ params }) => void readAhead(params),
  component: lazyRouteComponent(() => import("./run/RunPage"), "RunPage"),
});
const flyteDeepLink = createRoute({
  getParentRoute: () => domain,
  path: "/executions/$name/nodeId/$node",
  beforeLoad: ({ params: { node, ...params } }) => {
    throw redirect({ to: "/projects/$project/domains/$domain/executions/$name", params, search: { sel: node } });
  },
});
const flyteDeeperLink = createRoute({
  getParentRoute: () => domain,
  path: "/executions/$name/nodeId/$node/$",
  beforeLoad: ({ params: { node, project, domain, name } }) => {
    throw redirect({ to: "/projects/$project/domains/$domain/executions/$name", params: { project, domain, name }, search: { sel: node } });
  },
});

const Entities = lazyRouteComponent(() => import("./entities/Entities"), "Entities");
const Entity = lazyRouteComponent(() => import("./entities/Entity"), "Entity");
const workflows = createRoute({ getParentRoute: () => domain, path: "/workflows", component: Entities, validateSearch: listSearch });
const tasks = createRoute({ getParentRoute: () => domain, path: "/tasks", component: Entities, validateSearch: listSearch });
const launchPlans = createRoute({ getParentRoute: () => domain, path: "/launchPlans", component: Entities, validateSearch: listSearch });
const entity = createRoute({ getParentRoute: () => domain, path: "/$kind/$name", component: Entity, validateSearch: entitySearch });
const version = createRoute({ getParentRoute: () => domain, path: "/$kind/$name/version/$version", component: Entity, validateSearch: entitySearch });
const launch = createRoute({
  getParentRoute: () => domain,
  path: "/launch",
  validateSearch: launchSearch,
  component: lazyRouteComponent(() => import("./launch/LaunchPage"), "LaunchPage"),
});
const data = createRoute({
  getParentRoute: () => domain,
  path: "/data",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("./pages/data/CachePage"), "CachePage"),
});
const triggers = createRoute({
  getParentRoute: () => domain,
  path: "/triggers",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("./pages/triggers/TriggersPage"), "TriggersPage"),
});
const backfills = createRoute({
  getParentRoute: () => domain,
  path: "/backfills",
  component: lazyRouteComponent(() => import("./pages/backfills/BackfillsPage"), "BackfillsPage"),
});
const backfill = createRoute({
  getParentRoute: () => domain,
  path: "/backfills/$name",
  validateSearch: backfillSearch,
  component: lazyRouteComponent(() => import("./pages/backfills/BackfillPage"), "BackfillPage"),
});
const compare = createRoute({
  getParentRoute: () => domain,
  path: "/compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("./pages/compare/ComparePage"), "ComparePage"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./pages/audit/AuditPage"), "AuditPage"),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/settings/SettingsPage"), "SettingsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home, audit, settings,
    domain.addChildren([
      domainHome, runs, run, flyteDeepLink, flyteDeeperLink, workflows, tasks, launchPlans, launch, triggers, backfills, backfill, compare, data, entity, version,
    ]),
  ]),
  basepath: "/console",
  defaultPreload: "intent",
  defaultPreloadDelay: 80,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
