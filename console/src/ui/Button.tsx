/** Buttons and links that look like them. A page has one primary button. */
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ButtonHTMLAttributes, ReactElement, ReactNode, Ref } from "react";
import styles from "./Button.module.css";

type Look = "plain" | "primary" | "quiet" | "danger";

export function Button({ look = "plain", small = false, className = "", ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: Look;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
}): ReactElement {
  return <button type="button" className={`${styles.button} ${styles[look]} ${small ? styles.small : ""} ${className}`} {...rest} />;
}

export function IconButton({ label, children, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { label: string; ref?: Ref<HTMLButtonElement> }): ReactElement {
  return (
    <button type="button" className={styles.icon} aria-label={label} title={label} {...rest}>
      {children}
    </button>
  );
}

export function ButtonLink({ look = "plain", children, ...rest }: LinkProps & { look?: Look; children: ReactNode }): ReactElement {
  return (
    <Link className={`${styles.button} ${styles[look]}`} {...rest}>
      {children}
    </Link>
  );
}
