"""Triggers in the console: what each waits for, what became of its causes, and the ways between cause and run."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import re
import secrets

from tests.browser.conftest import WATCHED, Open, send
from tests.browser.looks import ended, expect
from tests.integration.platform import RunningPlatform


def test_a_trigger_leads_to_what_it_has_started_and_back(visit: Open) -> None:
    page = visit("/triggers")
    row = page.get_by_role("listitem").filter(has_text="steps.after")
    expect(row).to_contain_text("a run that succeeds, of the workflow steps.source")
    expect(row).to_contain_text("1 started")
    row.get_by_role("link", name="steps.after").click()
    expect(page.get_by_role("definition").filter(has_text="a run that succeeds, of the workflow")).to_be_visible()
    expect(page.get_by_text("text = run.id")).to_be_visible()
    fired = page.get_by_role("region", name="What has happened").get_by_role("listitem")
    expect(fired).to_contain_text("the end of source-1")
    started = fired.get_by_role("link").first.inner_text()
    fired.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"/executions/{started}"))
    page.get_by_text("by the end of").get_by_role("link", name="source-1").click()
    head = page.get_by_text("its end started")
    expect(head.get_by_role("link", name=started)).to_be_visible()
    page.get_by_text("its end could not start").get_by_role("link", name="steps.unfit").click()
    expect(page.get_by_text("started nothing")).to_be_visible()
    page.get_by_role("link", name="steps.source").click()
    page.get_by_role("tab", name="Triggers").click()
    expect(page.get_by_role("region", name="What the end of its runs starts")).to_contain_text("steps.unfit")


def test_a_message_starts_a_run_that_leads_back_to_its_plan(visit: Open, site: RunningPlatform) -> None:
    page = visit("/triggers")
    row = page.get_by_role("listitem").filter(has_text="steps.pulled")
    expect(row).to_contain_text("a message signed with the secret git")
    row.get_by_role("link", name="steps.pulled").click()
    facts = page.get_by_role("definition")
    expect(facts.filter(has_text="/webhooks/flytesnacks/development/steps.pulled")).to_be_visible()
    expect(facts.filter(has_text="text = body.head.sha")).to_be_visible()
    id = f"push-{secrets.token_hex(4)}"  # a second try is another message
    send(site, "steps.pulled", id, {"head": {"sha": "4711"}})
    fired = page.get_by_role("region", name="What has happened").get_by_role("listitem").filter(has_text=id)
    fired.get_by_role("link").click()
    ended(page, "succeeded")
    head = page.get_by_text(f"message {id}")
    expect(head).to_be_visible()
    page.get_by_role("link", name="steps.pulled", exact=True).first.click()
    expect(page).to_have_url(re.compile("/launch_plan/steps.pulled"))


def test_an_object_starts_a_run_that_leads_back_to_its_plan(visit: Open, site: RunningPlatform) -> None:
    page = visit("/triggers")
    row = page.get_by_role("listitem").filter(has_text="steps.arrived")
    expect(row).to_contain_text(re.compile(r"an object at .*inbox/\*\.csv"))
    row.get_by_role("link", name="steps.arrived").click()
    expect(page.get_by_role("definition").filter(has_text="file = object.uri")).to_be_visible()
    folder, name = site.data / WATCHED, f"{secrets.token_hex(4)}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("a,b")
    fired = page.get_by_role("region", name="What has happened").get_by_role("listitem").filter(has_text=name)
    fired.get_by_role("link").click()
    ended(page, "succeeded")
    page.get_by_role("link", name="steps.arrived", exact=True).first.click()
    expect(page).to_have_url(re.compile("/launch_plan/steps.arrived"))
