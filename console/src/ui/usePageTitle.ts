/** The title of the tab, which says how the page's subject does. */
import { useEffect } from "react";

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Alula`;
  }, [title]);
}
