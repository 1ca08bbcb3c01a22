/** What was typed into a form stays in the tab until it is launched with, whatever page one goes to. */
import type { Drafts, Form } from "./form";

const keyOf = (form: Form): string => `alula.draft ${JSON.stringify(form.entity)}`;

export function kept(form: Form): Drafts {
  try {
    const found = JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "{}") as Drafts;
    const known = new Set(form.inputs.map((each) => each.name));
    return Object.fromEntries(Object.entries(found).filter(([name]) => known.has(name)));
  } catch {
    return {};
  }
}

export function keep(form: Form, drafts: Drafts): void {
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify(drafts));
  } catch {
    // a full store keeps nothing; the form goes on
  }
}
