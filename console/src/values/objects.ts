/** Signed URLs of the platform's own objects. */

/** By this page's own origin: the platform may be reached under another name than the one that it signs for. */
export function ownObject(url: string): string {
  const parsed = new URL(url, location.href);
  return parsed.pathname.startsWith("/objects/") ? `${parsed.pathname}${parsed.search}` : url;
}
