/** Pages of a project and a domain that are there; of others, what there is instead. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { listProjects } from "../api/flyte";
import { listAllProjects } from "../api/settings";
import { visible } from "../text/names";
import { Empty } from "../ui/State";
import styles from "./Shell.module.css";

export function Placed({ children }: { children: ReactNode }): ReactNode {
  const { project, domain } = useParams({ strict: false });
  const { data } = useQuery({ queryKey: ["projects"], queryFn: ({ signal }) => listProjects(signal), staleTime: 60_000 });
  const isListed = data?.projects?.some((each) => each.id === project && each.domains.some(({ id }) => id === domain)) ?? true;
  // An archived project is in the longer list alone.
  const all = useQuery({ queryKey: ["projects", "all"], queryFn: ({ signal }) => listAllProjects(signal), enabled: project !== undefined && !isListed });
  if (project === undefined || domain === undefined || isListed || !all.data) return children;
  const found = all.data.projects?.find((each) => each.id === project);
  if (found?.domains.some(({ id }) => id === domain)) return children;
  return <NoPlace title={found ? `There is no domain ${visible(domain)} in ${visible(project)}.` : `There is no project ${visible(project)}.`} places={(found ? [found] : (data?.projects ?? [])).flatMap((each) => each.domains.map(({ id }) => ({ project: each.id, domain: id })))} />;
}

const SHOWN = 12;

function NoPlace({ title, places }: { title: string; places: readonly { project: string; domain: string }[] }): ReactElement {
  return (
    <Empty title={title}>
      <ul className={styles.places} aria-label="Those that are there">
        {places.slice(0, SHOWN).map((each) => (
          <li key={`${each.project} ${each.domain}`}><Link to="/projects/$project/domains/$domain" params={each}>{visible(each.project)} / {visible(each.domain)}</Link></li>
        ))}
        <li><Link to="/settings">All projects</Link></li>
      </ul>
    </Empty>
  );
}
