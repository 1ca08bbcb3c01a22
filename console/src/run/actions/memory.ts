/** More memory for what had too little: how much, from what it had and has used. Pure. */
import type { Link } from "../../api/causes";
import type { AttemptUse } from "../../api/runs";
import { ownCode } from "../../text/names";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The step that ran out of memory, and the item of it if the cause is about one; null if the cause is another. */
export function outOfMemory(cause: Link): { readonly step: string; readonly item: number } | null {
  if (cause.is_remark || !cause.node_id || ownCode(cause.facts["error"] ?? "") !== "OOMKilled") return null;
  const item = /^(.*)\[(\d+)\]$/.exec(cause.node_id);
  return item?.[1] ? { step: item[1], item: Number(item[2]) } : { step: cause.node_id, item: -1 };
}

/** What the last attempt could have at most, in bytes; 0 if nobody knows. */
export function had(use: AttemptUse | undefined): number {
  return use ? use.limits.memory_bytes || use.requests.memory_bytes || use.peak_memory_bytes?.value || 0 : 0;
}

/** Twice as much, as Kubernetes writes it; empty if nobody knows of what. */
export function twice(bytes: number): string {
  if (!bytes) return "";
  const mib = Math.ceil((2 * bytes) / MIB);
  return (mib * MIB) % GIB ? `${mib}Mi` : `${(mib * MIB) / GIB}Gi`;
}

export const isAmount = (text: string): boolean => /^\d+(\.\d+)?(k|M|G|T|Ki|Mi|Gi|Ti)$/.test(text);
