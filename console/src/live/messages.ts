/** What tabs and their shared worker say to each other. */
import type { Told, Wanted } from "./hub";

export type FromTab =
  | { readonly kind: "hello"; readonly lock: string }
  | { readonly kind: "follow"; readonly id: string; readonly wanted: Wanted }
  | { readonly kind: "unfollow"; readonly id: string }
  | { readonly kind: "visible"; readonly visible: boolean };

export type ToTab =
  | { readonly kind: "live"; readonly live: boolean }
  | { readonly kind: "told"; readonly id: string; readonly told: Told };
