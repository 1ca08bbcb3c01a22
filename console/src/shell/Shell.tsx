/** The frame of every page: where one is, what else there is, and how the connection does. */
import { Link, Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { EllipsisVertical, Monitor, Moon, Search, Sun } from "lucide-react";
import { type ReactElement, useEffect, useRef } from "react";
import { choose, theme } from "../theme/theme";
import { IconButton } from "../ui/Button";
import { chooseZone, zone } from "../ui/clock";
import { Menu } from "../ui/Menu";
import { useStore, useStored } from "../ui/store";
import { Breadcrumb } from "./Breadcrumb";
import { Connection } from "./Connection";
import { connection } from "./connection-state";
import { Help } from "./Help";
import { Palette } from "./Palette";
import { helps, palettes } from "./palette-state";
import { usePlace } from "./place";
import { Placed } from "./Placed";
import styles from "./Shell.module.css";
import { useGlobalKeys } from "./useGlobalKeys";

export function Shell(): ReactElement {
  useGlobalKeys();
  useFocusOnNavigation();
  const away = useStored(connection, (state) => state.away);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">Skip to content</a>
      <header className={styles.bar}>
        <Breadcrumb />
        <span className={styles.tools}>
          <button type="button" className={styles.search} onClick={() => palettes.set(true)}>
            <Search size={14} aria-hidden /> <span className={styles.searchText}>Find</span> <kbd className={styles.key} aria-hidden="true">Ctrl K</kbd>
          </button>
          <Connection />
          <ZoneSwitch />
          <ThemeSwitch />
          <More />
        </span>
      </header>
      <Sections />
      <main id="main" className={styles.main} data-stale={away || undefined} tabIndex={-1}>
        <Placed><Outlet /></Placed>
      </main>
      <Palette />
      <Help />
    </div>
  );
}

const SECTIONS = [
  { to: "/projects/$project/domains/$domain/executions", label: "Runs" },
  { to: "/projects/$project/domains/$domain/workflows", label: "Workflows", kind: "workflow" },
  { to: "/projects/$project/domains/$domain/tasks", label: "Tasks", kind: "task" },
  { to: "/projects/$project/domains/$domain/launchPlans", label: "Launch plans", kind: "launch_plan" },
  { to: "/projects/$project/domains/$domain/triggers", label: "Triggers" },
  { to: "/projects/$project/domains/$domain/backfills", label: "Backfills" },
  { to: "/projects/$project/domains/$domain/data", label: "Cache" },
] as const satisfies readonly { to: string; label: string; kind?: string }[];

function Sections(): ReactElement {
  const place = usePlace();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { kind } = useParams({ strict: false });
  const nav = useRef<HTMLElement>(null);
  // On a phone not all have room: the one of the page is brought into view.
  useEffect(() => void nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "nearest" }), [path]);
  return (
    <nav ref={nav} className={styles.sections} aria-label="Sections">
      <Link to="/projects/$project/domains/$domain" params={{ ...place }} activeOptions={{ exact: true }}>Home</Link>
      {SECTIONS.map((section) => <Link key={section.to} to={section.to} params={{ ...place }} aria-current={kind !== undefined && "kind" in section && section.kind === kind ? "page" : undefined}>{section.label}</Link>)}
    </nav>
  );
}

function ZoneSwitch(): ReactElement {
  const shown = useStore(zone);
  return (
    <button
      type="button"
      className={styles.zone}
      title="Times in UTC or in the zone of this browser (u)"
      aria-label={`Times are ${shown === "utc" ? "in UTC" : "local"}. Change`}
      onClick={() => chooseZone(shown === "utc" ? "local" : "utc")}
    >
      {shown === "utc" ? "UTC" : "Local"}
    </button>
  );
}

function ThemeSwitch(): ReactElement {
  const { choice, shown } = useStore(theme);
  const icon = choice === "system" ? <Monitor size={15} /> : shown === "dark" ? <Moon size={15} /> : <Sun size={15} />;
  return (
    <Menu
      trigger={<IconButton label="Theme">{icon}</IconButton>}
      entries={(["system", "light", "dark"] as const).map((each) => ({
        label: each[0]?.toUpperCase() + each.slice(1),
        checked: choice === each,
        onSelect: () => choose(each),
      }))}
    />
  );
}

/** What is seldom wanted. */
function More(): ReactElement {
  const navigate = useNavigate();
  return (
    <Menu
      trigger={<IconButton label="More pages"><EllipsisVertical size={16} /></IconButton>}
      entries={[
        { label: "Audit", hint: "g a", onSelect: () => void navigate({ to: "/audit" }) },
        { label: "Settings", hint: "g s", onSelect: () => void navigate({ to: "/settings" }) },
        { label: "Keys", hint: "?", onSelect: () => helps.set(true) },
      ]}
    />
  );
}

/** A new page begins at its content, also for those who hear it. */
function useFocusOnNavigation(): void {
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => {
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  }, [path]);
}
