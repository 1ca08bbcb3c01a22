"""The pages as a person uses them: the reason first, one selection in all views, and each action to its end."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import json
import re
import secrets
import urllib.request
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from tests.browser.conftest import PLACE, Open, backfill, run
from tests.browser.looks import PAGES, ended, expect, problems, step
from tests.integration.platform import Platforms, RunningPlatform, alula

RULES = """
[[retention.rules]]
name = "failures"
phases = ["FAILED"]
keep_days = 30
"""


def test_the_frame_stands_where_the_program_puts_it(visit: Open, site: RunningPlatform, browser: Any) -> None:
    page = visit("/executions")
    links = page.get_by_role("navigation", name="Sections").get_by_role("link")
    expect(links.nth(1)).to_be_visible()
    with browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=False) as still:
        first = still.new_page()
        first.goto(page.url)
        words = first.locator(".first-sections span")
        assert words.all_inner_texts() == links.all_inner_texts()
        place = words.first.bounding_box()
    assert place == links.first.bounding_box()


def test_home_says_what_fails_and_takes_an_answer(visit: Open, site: RunningPlatform) -> None:
    page = visit()
    expect(page.get_by_role("heading", name="Failing")).to_be_visible()
    expect(page.get_by_text("steps.bad").first).to_be_visible()
    question = page.get_by_role("listitem").filter(has_text="looks-good")
    running = page.get_by_role("region", name="Running").get_by_role("listitem").filter(has_text="asking-1")
    expect(running.get_by_role("img", name="asks for an answer")).to_be_visible()
    page.goto(f"{site.http}{PLACE}/executions")
    row = page.get_by_role("listitem").filter(has_text="asking-1")
    expect(row.get_by_role("img", name="asks for an answer")).to_be_visible()
    row.get_by_role("link", name="asking-1").click()
    expect(page.get_by_role("heading", name="Asks for an answer for")).to_be_visible()
    page.goto(site.http + PLACE)
    question.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Needs you")).to_have_count(0)
    page.goto(f"{site.http}{PLACE}/executions/asking-1")
    ended(page, "succeeded")


def test_a_question_says_how_long_it_waits(visit: Open, site: RunningPlatform) -> None:
    name = f"asking-{secrets.token_hex(3)}"
    run(site, name, "asking")
    page = visit(f"/executions/{name}?sel=n1")
    expect(page.get_by_role("complementary")).to_contain_text("1 h 59 m left for an answer.")
    expect(page.get_by_role("row", selected=True)).to_contain_text("1 h 59 m left for an answer")
    alula("abort", name, "--endpoint", site.grpc)


def test_the_runs_of_a_time_are_dragged_out_of_the_outcomes(visit: Open) -> None:
    page = visit("/executions")
    rows = page.get_by_role("main").get_by_role("listitem")
    expect(rows.first).to_be_visible()
    every = rows.count()
    box = page.get_by_role("img", name=re.compile("over time$")).bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*&to=.*"))
    expect(rows).not_to_have_count(every)
    expect(rows.last).to_contain_text("good-1")
    page.get_by_role("button", name="Remove the filter 2").click()
    expect(rows).to_have_count(every)


def test_a_failed_run_says_the_first_cause_that_the_platform_knows(visit: Open, site: RunningPlatform) -> None:
    page = visit("/executions/bad-1")
    ended(page, "failed")
    with urllib.request.urlopen(
        f"{site.http}/api/v1/alula/explain/flytesnacks/development/bad-1", timeout=10
    ) as answer:
        link = json.load(answer)
    while not link["is_first"]:
        link = link["because"][0]
    said = link["text"].replace("\N{RIGHT-TO-LEFT OVERRIDE}", "\\u202e")
    expect(page.get_by_text(said, exact=True).first).to_be_visible()
    assert link["fix"]
    expect(page.get_by_role("complementary").get_by_text(link["fix"].replace("`", ""))).to_be_visible()
    page.get_by_role("button", name="Show the step").click()
    expect(page).to_have_url(re.compile("sel=n1"))


def test_an_item_that_failed_says_its_error_and_what_it_printed_last(visit: Open) -> None:
    page = visit("/executions/bad-1?sel=n1&item=7")
    panel = page.get_by_role("complementary")
    expect(panel.get_by_text("n1[7] failed with USER:ValueError (user error): ValueError: seven")).to_be_visible()
    expect(panel.get_by_role("region", name="The end of its log")).to_contain_text("halving 7")


def test_a_place_that_is_not_there_is_no_empty_one(visit: Open) -> None:
    page = visit("/console/projects/nowhere/domains/development/executions")
    expect(page.get_by_text("There is no project nowhere.")).to_be_visible()
    page.get_by_role("link", name="flytesnacks / staging").click()
    expect(page).to_have_url(re.compile("/projects/flytesnacks/domains/staging"))
    page = visit("/executions/nowhere", tolerant=True)
    page.get_by_role("link", name="All runs").click()
    expect(page.get_by_role("link", name="good-1")).to_be_visible()


def test_a_step_that_is_not_there_is_named(visit: Open) -> None:
    page = visit("/executions/good-1?sel=n99")
    panel = page.get_by_role("complementary", name="The run")
    expect(panel.get_by_text("There is no step n99 in this run")).to_be_visible()
    panel.get_by_role("button", name="Forget it").click()
    expect(page).not_to_have_url(re.compile("sel="))


def test_the_text_of_an_error_is_text(visit: Open) -> None:
    page = visit("/executions/bad-1")
    expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.locator("body").inner_text()


def test_all_views_share_one_selection(visit: Open) -> None:
    page = visit("/executions/good-1")
    step(page, "load").click()
    for view in ("Graph", "Table", "Timeline"):
        page.get_by_role("tab", name=view).click()
        expect(page).to_have_url(re.compile("sel=n1"))
        expect(page.get_by_role("complementary", name="Step load")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row", selected=True)).to_contain_text("load")


def test_the_graph_opens_what_is_inside(visit: Open) -> None:
    page = visit("/executions/good-1?view=graph&open=!n4")
    graph = page.get_by_role("application", name="Graph")
    expect(graph.get_by_role("button", name="succeeded many")).to_be_visible()
    expect(graph.get_by_role("button", name="succeeded report")).to_be_visible()
    expect(graph.get_by_role("button", name="not taken large")).to_be_visible()


def test_items_of_a_map_task_lead_to_their_logs(visit: Open) -> None:
    page = visit("/executions/bad-1?sel=n1")
    page.get_by_role("button", name=re.compile("^1 failed")).last.click()
    page.get_by_role("listitem").filter(has_text="[7]").get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("item=7"))
    page.get_by_role("tab", name="Log").click()
    expect(page.get_by_role("log")).to_contain_text("halving 7")


def test_the_next_error_is_a_step_and_then_its_items(visit: Open) -> None:
    page = visit("/executions/bad-1")
    ended(page, "failed")
    for key, address in (("e", "sel=n1$"), ("e", "item=7"), ("E", "sel=n1$"), ("e", "item=7"), ("e", "sel=n1$")):
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(address))
    page.get_by_role("button", name="Next failed item (e)").click()
    heading = page.get_by_role("complementary").get_by_role("heading", name="half[][7]")
    expect(heading).to_be_visible()
    expect(page.get_by_role("complementary").get_by_role("img", name="failed").first).to_be_visible()


def test_a_log_on_a_phone_opens_at_its_end_and_draws_what_is_seen(visit: Open) -> None:
    page = visit("/executions/good-1?sel=n6-0-n0&tab=log")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("line 1999 of the report")
    assert page.get_by_role("log").locator("[data-index]").count() < 200


def test_on_a_phone_one_reads_a_failure_answers_and_runs_again(visit: Open, site: RunningPlatform) -> None:
    asking = f"asking-{secrets.token_hex(3)}"
    run(site, asking, "asking")
    page = visit("/executions/bad-1")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    ended(page, "failed")
    page.get_by_role("button", name="Show the step").click()
    page.get_by_role("link", name="[7]").or_(page.get_by_role("button", name="[7]")).last.click()
    page.get_by_role("tab", name="Log").click()
    expect(page.get_by_role("log")).to_contain_text("halving 7")

    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Home").click()
    question = page.get_by_role("listitem").filter(has_text=asking)
    question.get_by_role("button", name="Approve").click()
    expect(question).to_have_count(0)

    page.goto(f"{site.http}{PLACE}/executions/{asking}")
    ended(page, "succeeded")
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("menuitem", name="The same", exact=True).click()
    expect(page).not_to_have_url(re.compile(asking))
    again = page.url.rpartition("/")[2]
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Home").click()
    question = page.get_by_role("listitem").filter(has_text=again)
    question.get_by_role("button", name="Approve").click()
    expect(question).to_have_count(0)


def test_a_log_is_searched_as_a_whole(visit: Open) -> None:
    page = visit("/executions/good-1?tab=log")
    step(page, "report").click()
    page.get_by_role("tab", name="Log").click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("line 1999 of the report")
    field = page.get_by_role("searchbox", name="Search the log")
    field.fill("line 17\\d ")
    expect(page.get_by_text("no match")).to_be_visible()
    page.get_by_role("button", name="Search by a regular expression").click()
    expect(page.get_by_text("1 of 10")).to_be_visible()
    expect(log).to_contain_text("line 170 of the report")


def test_what_is_copied_of_a_log_is_what_was_written(visit: Open) -> None:
    page = visit("/executions/good-1?sel=n6-0-n0&tab=log", permissions=["clipboard-read", "clipboard-write"])
    log = page.get_by_role("log")
    expect(log).to_contain_text("line 1999 of the report")
    page.evaluate("""() => {
      const text = (line) => document.querySelector(`[data-index="${line}"] [data-text]`);
      const [first, last] = [text(1990), text(1992)];
      document.getSelection().setBaseAndExtent(first, 0, last, last.childNodes.length);
    }""")
    page.keyboard.press("Control+c")
    lines = [f"\x1b[32mline {line}\x1b[0m of the report" for line in range(2_000)]
    expect(page.get_by_role("complementary")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(lines[1990:1993])
    page.get_by_role("button", name="Copy all").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.length > 10_000)")
    assert page.evaluate("navigator.clipboard.readText()") == "".join(f"{line}\n" for line in lines)


def test_all_logs_of_a_run_are_searched(visit: Open) -> None:
    page = visit("/executions/bad-1?tab=log")
    page.get_by_role("searchbox", name="Search all logs").fill("HALVING 7")
    hit = page.get_by_role("complementary").get_by_role("listitem")
    expect(hit).to_contain_text("half[][7]")
    hit.get_by_role("button").click()
    expect(page).to_have_url(re.compile("sel=n1.*item=7|item=7.*sel=n1"))
    expect(page.get_by_role("log")).to_contain_text("halving 7")


def test_a_hit_in_all_logs_leads_to_its_line(visit: Open) -> None:
    page = visit("/executions/good-1?tab=log")
    page.get_by_role("searchbox", name="Search all logs").fill("line 1234 of")  # between which a colour ends
    page.get_by_role("complementary").get_by_role("listitem").get_by_role("button").click()
    expect(page).to_have_url(re.compile("line=1235"))
    marked = page.get_by_role("log").locator("[aria-current]")
    expect(marked).to_have_text("line 1234 of the report")
    expect(marked).to_be_in_viewport()
    page.reload()
    expect(marked).to_have_text("line 1234 of the report")
    page.keyboard.press("Control+k")
    page.keyboard.type(":1500")
    page.keyboard.press("Enter")
    expect(marked).to_have_text("line 1499 of the report")
    expect(marked).to_be_in_viewport()


def test_a_deck_is_shut_out_of_the_console(visit: Open) -> None:
    page = visit("/executions/good-1", tolerant=True)
    step(page, "report").click()
    page.get_by_role("tab", name="Deck").click()
    deck = page.frame_locator("iframe[title='Deck of report']")
    expect(deck.locator("body")).to_be_visible()
    assert page.title() != "taken"
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"


def test_what_a_step_used_is_beside_what_it_asked_for(visit: Open) -> None:
    page = visit("/executions/good-1?sel=n6-0-n0")
    panel = page.get_by_role("complementary", name="Step report")
    panel.get_by_role("tab", name="Use").click()
    only = panel.get_by_role("region", name="Try 1")
    expect(only).to_contain_text("256 MiB asked for · limit 1.0 GiB")
    expect(only).to_contain_text("0.50 CPU asked for · limit 1 CPU")
    expect(only.get_by_text("on average")).to_be_visible()
    expect(page).to_have_url(re.compile("tab=use"))


def test_a_launch_says_what_is_wrong_and_then_is_watched_to_its_end(visit: Open) -> None:
    page = visit("/launch?from=good-1")
    launched = list[str]()
    page.on("request", lambda sent: launched.append(sent.url) if sent.url.endswith("/executions") else None)
    page.get_by_role("textbox", name="n", exact=True).fill("many")
    page.get_by_role("textbox", name="settings.depth", exact=True).fill("1.5")
    page.get_by_role("textbox", name="settings.rate", exact=True).fill("")
    page.get_by_role("button", name="Launch", exact=True).click()
    problems = page.get_by_role("alert")
    expect(problems).to_contain_text("n is no whole number")
    expect(problems).to_contain_text("settings.rate is required")
    expect(problems).to_contain_text("settings.depth is no whole number")
    assert launched == []
    page.get_by_role("textbox", name="n", exact=True).fill("3")
    page.get_by_role("button", name="Write settings as JSON").click()
    page.get_by_role("textbox", name="settings, as JSON").fill('{"depth": 1, "rate": 1}')
    page.get_by_role("radio", name="blue").check()
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile("/executions/[a-z0-9]+"))
    ended(page, "succeeded")
    page.get_by_role("tab", name="Data").click()
    expect(page.get_by_text("total 1.5")).to_be_visible()
    expect(page.get_by_role("complementary").get_by_text("blue")).to_be_visible()


def test_a_launch_that_would_be_refused_says_so_before_it_is_made(visit: Open) -> None:
    page = visit("/launch?from=good-1")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Name of the run").fill("good-2")
    expect(page.get_by_role("alert")).to_contain_text("good-2")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_label("Name of the run")).to_be_focused()
    page.get_by_label("Name of the run").fill("")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_list_names_the_newest_versions(visit: Open, site: RunningPlatform) -> None:
    page = visit("/workflows")
    of = page.get_by_role("link", name=re.compile("^steps.good@[0-9a-f]{7}$"))
    expect(of.get_by_title("The newest version")).to_be_visible()


def test_the_first_rows_of_a_table_are_shown(visit: Open, site: RunningPlatform, tmp_path: Path) -> None:
    rows = pyarrow.table({"grape": ["merlot", "riesling"], "sugar": [2**60, None]})
    pyarrow.parquet.write_table(rows, tmp_path / "wine.parquet")
    name = f"table-{secrets.token_hex(3)}"
    run(site, name, "arriving", "--file", str(tmp_path / "wine.parquet"))
    page = visit(f"/executions/{name}?tab=data")
    page.get_by_role("button", name="Show its rows").click()
    table = page.get_by_role("region", name="First rows")
    expect(table.get_by_role("columnheader").nth(2)).to_have_text("sugar int64")
    expect(table.get_by_role("row").last).to_have_text("1rieslingnone")
    expect(table).to_contain_text(str(2**60))
    with page.expect_download() as download:
        page.get_by_role("link", name="wine.parquet").click()
    assert download.value.path().read_bytes()[:4] == b"PAR1"
    assert problems(page) == []


def test_two_runs_are_compared(visit: Open) -> None:
    page = visit("/executions")
    for name in ("good-1", "good-3"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("compare.*a=good-1.*b=good-3"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 input")
    inputs = page.get_by_role("region", name="Inputs")
    expect(inputs).to_contain_text("1 of 4 differ")
    expect(inputs).to_contain_text("57")
    expect(page.get_by_role("region", name="Steps")).to_contain_text("load")
    steps = page.get_by_role("region", name="Steps")
    expect(steps).to_contain_text("fine")
    expect(steps).not_to_contain_text("n5-0-")
    page.get_by_role("button", name="Change sides").click()
    expect(page).to_have_url(re.compile("a=good-3.*b=good-1"))
    expect(inputs).to_contain_text("75")
    page.get_by_label("Another second run").select_option("good-2")
    expect(page).to_have_url(re.compile("a=good-3.*b=good-2"))


def test_a_run_is_compared_with_the_last_success(visit: Open) -> None:
    page = visit("/executions/good-3")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Compare").click()
    expect(page).to_have_url(re.compile("a=good-2.*b=good-3"))


def test_the_grid_leads_to_the_step_of_a_run(visit: Open) -> None:
    page = visit("/workflow/steps.bad?tab=grid")
    grid = page.get_by_role("grid", name="Runs and steps")
    expect(grid.get_by_role("row").filter(has_text="half[]")).to_be_visible()
    cells = grid.get_by_role("gridcell")
    cells.first.focus()
    page.keyboard.press("ArrowDown")
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
    expect(cells.nth(1)).to_have_attribute("aria-label", re.compile("^bad-1: failed"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/executions/bad-1.*sel=n1"))


def test_lineage_leads_along_the_values(visit: Open) -> None:
    page = visit("/executions/good-1?sel=n3&tab=lineage")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="inner").click()
    expect(page).to_have_url(re.compile("sel=n6"))
    panel.get_by_role("button", name="total").click()
    expect(page).to_have_url(re.compile("sel=n3"))
    page.goto(re.sub(r"good-1\?.*", "good-2?sel=n1&tab=lineage", page.url))
    expect(panel).to_contain_text("Its result came from the cache")
    panel.get_by_role("link", name="good-1").click()
    expect(page).to_have_url(re.compile("/executions/good-1.*sel=n1"))
    expect(panel.get_by_role("heading", name="Taken from the cache by")).to_be_visible()
    panel.get_by_role("link", name="good-2 · n1").click()
    expect(page).to_have_url(re.compile("/executions/good-2.*sel=n1"))


def test_runs_are_put_aside_and_brought_back(visit: Open, site: RunningPlatform) -> None:
    run(site, "aside-1", "bad", wait=True)
    page = visit("/executions")
    page.get_by_label("Select aside-1").check()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("link", name="aside-1")).to_have_count(0)
    page.goto(f"{site.http}{PLACE}/executions/aside-1")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Bring back").click()
    page.goto(f"{site.http}{PLACE}/executions")
    expect(page.get_by_role("link", name="aside-1")).to_be_visible()


def test_a_schedule_is_activated_paused_and_started(visit: Open) -> None:
    page = visit("/launch_plan/steps.nightly?tab=schedule")
    page.get_by_role("button", name="Activate…").click()
    page.get_by_role("button", name="Activate", exact=True).click()
    expect(page.get_by_text("starts by itself")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused: nothing starts by itself")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("starts by itself", exact=True)).to_be_visible()
    fire = visit().get_by_role("region", name="Next").get_by_role("listitem").filter(has_text="steps.nightly")
    expect(fire).to_contain_text(re.compile("next run in [0-9]+ [mh]"))
    page.get_by_role("button", name="Start a run now").click()
    expect(page).to_have_url(re.compile("/executions/"))
    ended(page, "succeeded")
    page.go_back()
    page.get_by_role("button", name="Deactivate…").click()
    page.get_by_role("button", name="Deactivate", exact=True).click()
    expect(page.get_by_text("is not active")).to_be_visible()


def test_a_backfill_leads_to_the_runs_of_its_slots(visit: Open) -> None:
    page = visit("/launch_plan/steps.daily?tab=schedule")
    page.get_by_role("region", name="Backfills").get_by_role("link", name="days").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Succeeded")
    slots = page.get_by_role("region", name="Slots").get_by_role("listitem")
    expect(slots).to_have_count(3)
    expect(slots.first).to_contain_text("2026-01-01 02:00")
    page.get_by_role("button", name="3 succeeded").click()
    expect(page).to_have_url(re.compile("state=SUCCEEDED"))
    slots.nth(1).get_by_role("link").click()
    ended(page, "succeeded")


def test_a_backfill_is_paused_resumed_and_cancelled(visit: Open, site: RunningPlatform) -> None:
    name = f"slow-{secrets.token_hex(3)}"  # a second try must find no backfill of the first
    backfill(site, name, "steps.slowly")
    page = visit("/backfills")
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row).to_contain_text("0 of 3")
    row.get_by_role("link", name=name).click()
    title = page.get_by_role("heading", level=1)
    for button, command, state in (
        ("Pause", "pause", "Paused"),
        ("Resume", "resume", "Running"),
        ("Cancel", "cancel", "Cancelled"),
    ):
        page.get_by_role("button", name=f"{button}…").click()
        asked = page.get_by_role("dialog")
        expect(asked).to_contain_text(f"alula backfill {command} {name}")
        asked.get_by_role("button", name=re.compile(f"^{button}")).click()
        expect(title).to_contain_text(state)
    expect(page.get_by_role("button", name="Pause…")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("[23] waiting"))).to_be_visible()


def test_a_run_is_kept_and_no_longer(visit: Open) -> None:
    page = visit("/executions/good-2")
    for entry, shown in (("Keep", 1), ("Keep no longer", 0)):
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name=re.compile(f"^{entry}")).click()
        expect(page.get_by_title("It stays, whatever the rules of retention say")).to_have_count(shown)


def test_an_imported_run_says_where_it_took_place(visit: Open, site: RunningPlatform) -> None:
    page = visit(PAGES["imported"])
    said = page.get_by_text("imported from flytesnacks/development/source-1")
    expect(said).to_contain_text(f"at {site.http}, ")
    expect(said.locator("time")).to_be_visible()


def test_settings_say_which_runs_go_and_what_takes_the_disk(visit: Open, platforms: Platforms) -> None:
    platforms.folder.joinpath("data").mkdir(mode=0o700)
    platforms.folder.joinpath("data/settings.toml").write_text(RULES)
    platform = platforms.start()
    page = visit("/console/settings", at=platform.http)
    rules = page.get_by_role("region", name="Retention")
    expect(rules.get_by_role("listitem").first).to_contain_text("failed runs stay 30 days after their end")
    rules.get_by_role("button", name="What would go now").click()
    expect(rules.get_by_role("status")).to_contain_text("go by failures")
    disk = page.get_by_role("region", name="Disk")
    disk.get_by_role("button", name="Measure").click()
    expect(disk.get_by_role("status")).to_contain_text("free")
    assert problems(page) == []


def test_the_audit_trail_says_what_was_changed(visit: Open) -> None:
    page = visit("/console/audit")
    page.get_by_role("searchbox", name="Filter by what was changed").fill("good-2")
    launched = page.get_by_role("listitem").filter(has_text="launch")
    expect(launched).to_have_count(1)
    launched.get_by_role("link", name="good-2").click()
    expect(page).to_have_url(re.compile("/executions/good-2"))


def test_projects_are_made_and_put_aside(visit: Open) -> None:
    page = visit("/console/settings")
    page.get_by_role("button", name="New project…").click()
    page.get_by_label("Name").fill("etl")
    page.get_by_label("Description").fill("loads")
    page.get_by_role("button", name="Create").click()
    row = page.get_by_role("listitem").filter(has_text="etl")
    expect(row.get_by_role("link", name="staging")).to_be_visible()
    row.get_by_role("button", name="Archive").click()
    expect(row).to_contain_text("archived")


def test_a_run_is_followed_and_aborted_with_a_cause(visit: Open, site: RunningPlatform) -> None:
    run(site, "waiting-1", "waiting")
    page = visit("/executions/waiting-1?sel=n0&tab=log")
    expect(page.get_by_role("log")).to_contain_text("tick")
    page.get_by_role("button", name="Abort…").click()
    page.get_by_role("textbox", name="Cause").fill("took too long")
    page.get_by_role("button", name="Abort", exact=True).click()
    ended(page, "aborted")
    expect(page.get_by_text("took too long").first).to_be_visible()


def test_many_tabs_have_one_connection(visit: Open, site: RunningPlatform) -> None:
    run(site, "waiting-3", "waiting")
    page = visit("/executions/waiting-3")
    tabs = [page] + [page.context.new_page() for _ in range(7)]
    for tab in tabs[1:]:
        tab.goto(page.url)
    for tab in tabs:
        expect(tab.locator("[data-phase]")).to_have_attribute("data-phase", "running")
        expect(tab.get_by_title("News arrive as they happen")).to_be_visible()
    with urllib.request.urlopen(f"{site.http}/metrics", timeout=10) as answer:
        found = re.search(r'alula_requests_in_progress\{protocol="http"\} (\d+)', answer.read().decode())
    assert found is not None
    assert int(found[1]) <= 3  # the stream, this very question, and what may be asked at the moment
    tabs[7].get_by_role("button", name="Abort…").click()
    tabs[7].get_by_role("textbox", name="Cause").fill("seen enough")
    tabs[7].get_by_role("button", name="Abort", exact=True).click()
    for tab in tabs:
        ended(tab, "aborted")


def test_a_run_goes_on_from_a_step(visit: Open) -> None:
    page = visit("/executions/bad-1?sel=n1")
    ended(page, "failed")
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("menuitem", name="From the selected step…").click()
    expect(page.get_by_text("1 taken over")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).not_to_have_url(re.compile("bad-1"))
    ended(page, "failed")
    expect(page.get_by_role("row").filter(has_text="load")).to_contain_text("recovered")


def test_what_ran_out_of_memory_runs_again_with_more(visit: Open, site: RunningPlatform) -> None:
    name = f"hungry-{secrets.token_hex(3)}"
    run(site, name, "hungers", wait=True)
    page = visit(f"/executions/{name}")
    ended(page, "failed")
    page.get_by_role("button", name="More memory…").first.click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("a limit of 160 MiB, and used 160 MiB")
    expect(asked).to_contain_text('Resources(mem="320Mi")')
    assert problems(page) == []
    asked.get_by_label("Memory").fill("lots")
    expect(asked.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    asked.get_by_label("Memory").fill("400Mi")
    asked.get_by_role("button", name="Run", exact=True).click()
    expect(page).not_to_have_url(re.compile(name))
    ended(page, "succeeded")
    expect(page.get_by_role("row").filter(has_text="count")).to_contain_text("recovered")


def test_all_is_done_by_keys_alone(visit: Open) -> None:
    page = visit()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    keys = page.keyboard
    keys.press("g")
    keys.press("r")
    expect(page).to_have_url(re.compile("/executions$"))
    expect(page.get_by_role("link", name="bad-1")).to_be_visible()
    keys.press("/")
    keys.type("bad phase:failed")
    keys.press("Enter")
    expect(page.get_by_text("phase: failed")).to_be_visible()
    page.locator("body").click(position={"x": 5, "y": 400})
    keys.press("j")
    keys.press(".")
    expect(page.get_by_role("toolbar").get_by_role("button", name="Run again")).to_be_focused()
    keys.press("k")
    keys.press("Enter")
    expect(step(page, "half[]")).to_be_visible()
    keys.press("e")
    expect(page).to_have_url(re.compile("sel=n1"))
    keys.press(".")
    expect(page.get_by_role("menuitem", name="Run again from half[]…")).to_be_focused()
    keys.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    keys.press("2")
    expect(page).to_have_url(re.compile("view=graph"))
    keys.press("Control+k")
    keys.type("good-2")
    expect(page.get_by_role("option", name=re.compile("good-2"))).to_be_visible()
    keys.press("Enter")
    expect(page).to_have_url(re.compile("good-2"))


def test_links_of_flytes_clients_lead_to_the_step(visit: Open) -> None:
    page = visit("/executions/good-1/nodeId/n1/nodes")
    expect(page).to_have_url(re.compile(r"/executions/good-1\?.*sel=n1"))


def test_what_is_not_there_says_so(visit: Open) -> None:
    page = visit("/executions/no-such-run", tolerant=True)
    expect(page.get_by_role("alert")).to_contain_text("no-such-run")


def test_a_platform_that_comes_back_is_gone_on_with(visit: Open, platforms: Platforms) -> None:
    platform = platforms.start()
    run(platform, "waiting-2", "waiting")
    run(platform, "good-4", "good", "--n", "30")
    page = visit("/executions/waiting-2?sel=n0", at=platform.http, tolerant=True)
    live = visit("/executions/good-4?view=table&open=!n4", at=platform.http, tolerant=True)
    expect(page.locator("[data-phase]")).to_have_attribute("data-phase", "running")
    ports = ("--grpc-port", platform.grpc.rpartition(":")[2], "--http-port", platform.http.rpartition(":")[2])
    platform.kill()
    expect(page.get_by_text("The platform does not answer; trying again.")).to_be_visible()
    platforms.start(*ports)
    expect(page.get_by_text("The platform does not answer; trying again.")).to_have_count(0)
    expect(page.get_by_role("row", selected=True)).to_contain_text("slow")
    ended(live, "succeeded")
    expect(live.get_by_role("row", name="report")).to_contain_text("succeeded")
    # What came as news, with a platform that was killed in between, is what a fresh load has.
    kept = live.get_by_role("row").all_inner_texts()
    live.reload()
    expect(live.get_by_role("row")).to_have_count(len(kept))
    assert live.get_by_role("row").all_inner_texts() == kept


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_use_it_in_both_themes_and_on_a_phone(visit: Open, name: str) -> None:
    page = visit(PAGES[name], color_scheme="light", reduced_motion="reduce")
    expect(page.locator("main > *")).not_to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert problems(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
