/** Signed URLs of the platform's own objects. */
import { FLYTE, get, query } from "../api/http";

/** The link to an object of the platform's store. */
export async function linkTo(uri: string, signal?: AbortSignal): Promise<string> {
  const { signed_url: url } = await get<{ signed_url: string }>(`${FLYTE}/dataproxy/artifact_urn${query({ native_url: uri })}`, { signal });
  return ownObject(url);
}

/** By this page's own origin: the platform may be reached under another name than the one that it signs for. */
export function ownObject(url: string): string {
  const parsed = new URL(url, location.href);
  return parsed.pathname.startsWith("/objects/") ? `${parsed.pathname}${parsed.search}` : url;
}
