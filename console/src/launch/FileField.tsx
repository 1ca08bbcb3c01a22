/** A file: an address, or a file of this machine, which is uploaded first. */
import { type ReactElement, useRef, useState } from "react";
import { FLYTE, ask, send } from "../api/http";
import type { LiteralType } from "../api/idl";
import { usePlace } from "../shell/place";
import { bytes } from "../text/bytes";
import { Button } from "../ui/Button";
import { Problem } from "../ui/State";
import { ownObject } from "../values/objects";
import type { Draft } from "./drafts";
import styles from "./Field.module.css";

interface Location {
  readonly signed_url: string;
  readonly native_url: string;
  readonly headers?: Record<string, string>;
}

export function FileField({ id, draft, label, problems, onChange }: { id: string; type: LiteralType; draft: Draft; label: string; problems: readonly unknown[]; onChange: (draft: Draft) => void }): ReactElement {
  const place = usePlace();
  const chosen = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<{ name: string; size: number } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const upload = async (file: File): Promise<void> => {
    setError(null);
    setState({ name: file.name, size: file.size });
    try {
      const location = await send<Location>("POST", `${FLYTE}/dataproxy/artifact_urn`, { project: place.project, domain: place.domain, filename: file.name });
      await ask(ownObject(location.signed_url), { method: "PUT", body: file, headers: { ...location.headers, "Content-Type": "application/octet-stream" } });
      onChange({ kind: "text", text: location.native_url });
    } catch (failed) {
      setError(failed);
    } finally {
      setState(null);
    }
  };
  return (
    <div
      className={styles.union}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer.files[0];
        if (file) void upload(file);
      }}
    >
      <div className={styles.row}>
        <input id={id} className={styles.input} value={draft.kind === "text" ? draft.text : ""} aria-label={label} aria-invalid={problems.length > 0} aria-describedby={problems.length ? `${id}-problem` : undefined} placeholder="an address, or drop a file here" spellCheck={false} onChange={(event) => onChange({ kind: "text", text: event.currentTarget.value })} />
        <Button onClick={() => chosen.current?.click()} disabled={state !== null}>Browse…</Button>
        <input ref={chosen} type="file" hidden onChange={(event) => { const file = event.currentTarget.files?.[0]; if (file) void upload(file); }} />
      </div>
      {state ? <p className={styles.note}>uploading {state.name}, {bytes(state.size)}…</p> : null}
      {error ? <Problem error={error} /> : null}
    </div>
  );
}
