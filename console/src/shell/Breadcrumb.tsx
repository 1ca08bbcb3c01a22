/** Where one is: project and domain, then the page. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronDown } from "lucide-react";
import type { ReactElement } from "react";
import { listProjects } from "../api/flyte";
import { middle, visible } from "../text/names";
import { Menu } from "../ui/Menu";
import styles from "./Breadcrumb.module.css";
import { usePlace } from "./place";

export function Breadcrumb(): ReactElement {
  const params = useParams({ strict: false });
  return (
    <nav className={styles.crumbs} aria-label="Where you are">
      <Link to="/" className={styles.mark} aria-label="Alula, home">
        <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d="M2 13 8 2l6 11h-3.1L8 7.4 5.1 13z" fill="currentColor" /></svg>
      </Link>
      <PlaceSwitch />
      {params.name ? (
        <>
          <span className={styles.slash} aria-hidden="true">/</span>
          <span className={styles.here} title={visible(params.name)}>{middle(visible(params.name), 60)}</span>
        </>
      ) : null}
    </nav>
  );
}

function PlaceSwitch(): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const { data } = useQuery({ queryKey: ["projects"], queryFn: ({ signal }) => listProjects(signal), staleTime: 60_000 });
  const places = (data?.projects ?? []).flatMap((project) => project.domains.map((domain) => ({ project: project.id, domain: domain.id })));
  const entries = places.map((each) => ({
    label: `${each.project} / ${each.domain}`,
    checked: each.project === place.project && each.domain === place.domain,
    onSelect: () => void navigate({ to: "/projects/$project/domains/$domain", params: each }),
  }));
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={styles.place} title="Change project and domain">
          <span>{place.project}</span><span className={styles.slash}>/</span><span>{place.domain}</span>
          <ChevronDown size={12} aria-hidden />
        </button>
      }
      entries={entries}
    />
  );
}
