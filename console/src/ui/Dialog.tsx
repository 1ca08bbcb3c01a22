/** A question that has to be answered before anything else is done. */
import { Dialog as Radix } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import styles from "./Overlay.module.css";

export function Dialog({ open, onClose, title, description, children, wide = false }: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}): ReactElement {
  return (
    <Radix.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className={styles.veil} />
        <Radix.Content className={`${styles.dialog} ${wide ? styles.wide : ""}`} {...(description ? {} : { "aria-describedby": undefined })}>
          <Radix.Title className={styles.title}>{title}</Radix.Title>
          {description ? <Radix.Description className={styles.description}>{description}</Radix.Description> : null}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
