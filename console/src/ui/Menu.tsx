/** A button that opens a list of actions. */
import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import styles from "./Overlay.module.css";

export interface MenuEntry {
  readonly label: ReactNode;
  readonly hint?: string;
  readonly onSelect: () => void;
  readonly disabled?: boolean;
  readonly checked?: boolean;
}

/** It is opened from elsewhere too where `open` is given. */
export function Menu({ trigger, entries, align = "end", open, onOpen }: {
  trigger: ReactNode;
  entries: readonly (MenuEntry | null)[];
  align?: "start" | "end";
  open?: boolean;
  onOpen?: (open: boolean) => void;
}): ReactElement {
  return (
    <DropdownMenu.Root {...(open === undefined ? {} : { open })} {...(onOpen ? { onOpenChange: onOpen } : {})}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align={align} sideOffset={4} collisionPadding={8}>
          {entries.map((entry, place) =>
            entry ? (
              <DropdownMenu.Item key={place} className={styles.entry} disabled={entry.disabled ?? false} onSelect={entry.onSelect}>
                <span>{entry.checked === undefined ? null : <span className={styles.check}>{entry.checked ? "✓" : ""}</span>}{entry.label}</span>
                {entry.hint ? <span className={styles.hint}>{entry.hint}</span> : null}
              </DropdownMenu.Item>
            ) : (
              <DropdownMenu.Separator key={place} className={styles.line} />
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
