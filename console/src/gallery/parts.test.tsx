// @vitest-environment jsdom
/** The parts of pages as the gallery shows them: they bar nobody, and do what their keys and buttons say. */
import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import axe from "axe-core";
import { type ReactElement, type ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import { queries } from "../queries";
import { LogLine } from "../run/log/LogLine";
import { Problem } from "../ui/State";
import { Tabs } from "../ui/Tabs";
import { PartVane } from "../ui/Vane";
import { Gallery } from "./Gallery";
import { SPECIMENS } from "./specimens";

const known = (children: ReactNode): ReactElement => <QueryClientProvider client={queries}>{children}</QueryClientProvider>;

describe("the gallery", () => {
  it.each(SPECIMENS.map(({ name, states }) => [name, states] as const))("bars nobody by %s", async (_, states) => {
    const { container } = render(known(<main><h1>Parts</h1>{states.map(([state, part]) => <div key={state}>{part}</div>)}</main>));
    // Colours are looked at in a browser: this page has none.
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it("shows no control character of a hostile text", () => {
    const { container } = render(known(<Gallery />));
    // oxlint-disable-next-line no-control-regex
    expect(container.textContent).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(container.querySelector("script")).toBeNull();
  });

  it("opens a dialog that Escape closes", () => {
    render(known(<Gallery />));
    const opener = screen.getByRole("button", { name: "Abort…" });
    fireEvent.click(opener);
    const dialog = screen.getByRole("dialog");
    expect(within(dialog).getByText("alula abort nightly-7f3")).toBeTruthy();
    fireEvent.keyDown(dialog, { key: "Escape" });
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

describe("tabs", () => {
  it("are moved through by arrows, round the ends, with the focus", () => {
    const onChoose = vi.fn();
    const tabs = [{ id: "a", label: "A" }, { id: "b", label: "B" }, { id: "c", label: "C" }] as const;
    render(<Tabs label="Some" panel="p" tabs={tabs} chosen="a" onChoose={onChoose} />);
    fireEvent.keyDown(screen.getByRole("tab", { name: "A" }), { key: "ArrowLeft" });
    expect(onChoose).toHaveBeenCalledWith("c");
    expect(document.activeElement).toBe(screen.getByRole("tab", { name: "C" }));
  });
});

describe("a vane", () => {
  it("says its counts, and picks the first part by a key", () => {
    const onPick = vi.fn();
    render(<PartVane parts={new Uint8Array(10).fill(3)} counts={[]} onPick={onPick} />);
    fireEvent.click(screen.getByRole("button", { name: /Go to the items/ }), { detail: 0 });
    expect(onPick).toHaveBeenCalledWith(0);
  });
});

describe("a problem", () => {
  it("is tried again by its button, and has none without a way to", () => {
    const onRetry = vi.fn();
    const { rerender } = render(<Problem error={new Error("x")} onRetry={onRetry} />);
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(onRetry).toHaveBeenCalledTimes(1);
    rerender(<Problem error={new Error("x")} />);
    expect(screen.queryByRole("button")).toBeNull();
  });
});

describe("a line of a log", () => {
  const props = { index: 4, number: 5, hue: null, bold: false, pattern: null, isCurrent: false, onLine: () => {} };

  it("is cut where it is long, and shown whole when asked for", () => {
    const { container } = render(<LogLine {...props} text={"x".repeat(10_007)} />);
    fireEvent.click(screen.getByRole("button", { name: "show 7 more characters" }));
    expect(container.textContent).toBe("x".repeat(10_007));
  });

  it("gives its number when that is clicked", () => {
    const onLine = vi.fn();
    const { container } = render(<LogLine {...props} text="hello" onLine={onLine} />);
    fireEvent.click(container.querySelector("[data-number]") as HTMLElement);
    expect(onLine).toHaveBeenCalledWith(5);
  });
});
