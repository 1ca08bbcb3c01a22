/** The sign of the tab in the colour of the run's state. */
import type { Tone } from "../status/status";
import { palette } from "../ui/palette";

export function setFavicon(tone: Tone): void {
  const link = document.querySelector<HTMLLinkElement>("#favicon");
  if (!link) return;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="${palette()[tone]}"/><path d="M3 12 8 3l5 9h-2.6L8 7.4 5.6 12z" fill="#fff"/></svg>`;
  link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
