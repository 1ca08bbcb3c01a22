"""The points by which the console is accepted: what is measured of each, and the tests that hold the rest.

Measures nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.report import spread

Figures = Mapping[str, Sequence[float]]


class Figure(NamedTuple):
    """A figure of a point. Less is better."""

    point: int
    name: str
    aim: float
    key: str
    bare: str = ""
    """The figure of this browser for a page with nothing on it."""
    decimals: int = 0


class Held(NamedTuple):
    """A point, or a part of one, that tests hold."""

    point: int
    name: str
    tests: tuple[str, ...]


BARE_MS, BARE_FRAME = "nothing, usable", "nothing, frame"
_TIMELINE, _TABLE, _GRAPH = (f"10,000 nodes, {view}" for view in ("timeline", "table", "graph"))
_ITEMS, _LOG = "100,000 items, then to the last", "log of 1,000,000 lines, then found"
FIGURES = (
    Figure(1, "first paint, ms", 600, "header of a run, painted", BARE_MS),
    Figure(1, "header of a run, ms", 1_000, "header of a run, usable", BARE_MS),
    Figure(1, "from the list to a run, ms", 150, "list of runs, then"),
    Figure(2, "10,000 nodes: timeline, ms", 1_000, f"{_TIMELINE}, usable", BARE_MS),
    Figure(2, "table, ms", 1_000, f"{_TABLE}, usable", BARE_MS),
    Figure(2, "graph, ms", 1_500, f"{_GRAPH}, usable", BARE_MS),
    Figure(2, "frame of the timeline, p95 ms", 33, f"{_TIMELINE}, frame", BARE_FRAME, 1),
    Figure(2, "frame of the table, p95 ms", 33, f"{_TABLE}, frame", BARE_FRAME, 1),
    Figure(2, "heap, MB", 80, f"{_TIMELINE}, heap", "nothing, heap", 1),
    Figure(2, "elements", 2_500, f"{_TIMELINE}, elements", "nothing, elements"),
    Figure(3, "100,000 items: first of them, ms", 1_000, f"{_ITEMS}, usable", BARE_MS),
    Figure(3, "to the last, ms", 200, f"{_ITEMS}, then"),
    Figure(3, "received beside the console itself, kB", 300, "items, received"),
    Figure(4, "inputs while a run goes on, p95 ms", 100, "inputs, p95"),
    *(
        Figure(4, f"the pointer over 10,000 nodes, {view}: work of a move, p95 ms", 16, f"hover, {view}", decimals=1)
        for view in ("timeline", "table", "graph")
    ),
    Figure(5, "a launch until it is seen, p95 ms", 500, "news, p95"),
    Figure(5, "an idle page, percent of a core", 2, "idle, percent", decimals=1),
    Figure(7, "back after a kill until it is seen, ms", 2_000, "recovery"),
    Figure(8, "1,000,000 lines: the end, ms", 500, f"{_LOG}, usable", BARE_MS),
    Figure(8, "found in all of it, ms", 1_500, f"{_LOG}, then"),
    Figure(8, "frame, p95 ms", 33, f"{_LOG}, frame", BARE_FRAME, 1),
)
_BUSY, _HEARD = "tests/browser/test_busy.py", "tests/browser/test_heard.py"
_PAGES, _DIALOGS = "tests/browser/test_pages.py", "tests/browser/test_dialogs.py"
_KEPT = "tests/browser/test_kept.py"
HELD = (
    Held(
        3,
        "the next error among the items",
        ("console/src/run/plan/failed.test.ts", f"{_PAGES}::test_the_next_error_is_a_step_and_then_its_items"),
    ),
    Held(
        4,
        "1,000 changes a second",
        (f"{_BUSY}::test_a_thousand_changes_a_second_leave_time_for_those_who_look",),
    ),
    Held(5, "open for a day", (f"{_BUSY}::test_a_page_that_is_open_for_a_day_holds_no_more_in_the_end",)),
    Held(6, "one connection for all tabs", (f"{_PAGES}::test_many_tabs_have_one_connection",)),
    Held(
        7,
        "after a kill: the selection, and what a fresh load shows",
        ("console/src/run/live/state.test.ts", f"{_PAGES}::test_a_platform_that_comes_back_is_gone_on_with"),
    ),
    Held(9, "one selection in all views", (f"{_PAGES}::test_all_views_share_one_selection",)),
    Held(
        9,
        "100 changes: selection, scroll, focus, closed groups",
        (
            f"{_KEPT}::test_a_hundred_changes_move_nothing_that_one_has_chosen",
            f"{_KEPT}::test_a_hundred_changes_move_nothing_in_the_graph",
        ),
    ),
    Held(9, "the same pixels by an address", (f"{_KEPT}::test_an_address_shows_the_same_again",)),
    Held(
        10,
        "the first cause of 22 kinds of failures and 11 of waits",
        (
            "tests/unit/core/engine/test_first_causes.py::test_the_first_cause_is_found_and_said",
            f"{_PAGES}::test_a_failed_run_says_the_first_cause_that_the_platform_knows",
        ),
    ),
    Held(
        11,
        "launch forms: types, invalid inputs, what once failed elsewhere, as the command line",
        (
            "console/src/launch/literals.test.ts",
            "console/src/launch/invalid.test.tsx",
            "console/src/launch/structs.test.tsx",
            "tests/browser/test_launch_form.py::test_a_form_sends_what_the_command_line_sends",
            f"{_PAGES}::test_a_launch_says_what_is_wrong_and_then_is_watched_to_its_end",
        ),
    ),
    Held(8, "what is copied", (f"{_PAGES}::test_what_is_copied_of_a_log_is_what_was_written",)),
    Held(
        12,
        "zoom, screen readers",
        (
            f"{_HEARD}::test_nothing_is_lost_at_200_percent_nor_at_320_pixels",
            f"{_HEARD}::test_a_run_says_how_it_is_and_its_parts_have_names",
        ),
    ),
    Held(
        12,
        "keys, axe",
        (
            f"{_PAGES}::test_all_is_done_by_keys_alone",
            f"{_PAGES}::test_everybody_can_use_it_in_both_themes_and_on_a_phone",
            f"{_DIALOGS}::test_a_dialog_can_be_used_by_everybody",
        ),
    ),
    Held(12, "contrast, and colours of states for all eyes", ("console/src/theme/colours.test.ts",)),
    Held(
        13,
        "a phone",
        (
            f"{_PAGES}::test_a_log_on_a_phone_opens_at_its_end_and_draws_what_is_seen",
            f"{_PAGES}::test_on_a_phone_one_reads_a_failure_answers_and_runs_again",
        ),
    ),
    Held(
        14,
        "hostile texts, decks and schemas",
        (
            "tests/browser/test_hostile.py::test_what_means_ill_is_text_and_stays_in_its_place",
            f"{_PAGES}::test_the_text_of_an_error_is_text",
            f"{_PAGES}::test_a_deck_is_shut_out_of_the_console",
            "console/src/launch/literals.test.ts",
        ),
    ),
    Held(
        15,
        "foreign pages",
        ("tests/unit/server/api/test_gate.py::test_no_route_can_be_reached_by_a_foreign_page",),
    ),
    Held(16, "zones of time", ("console/src/text/text.test.ts",)),
    Held(17, "sizes", ("console/scripts/budget.mjs",)),
    Held(17, "no request leaves the origin", ("tests/browser/conftest.py::visit",)),
    Held(18, "pictures", ("tests/browser/screenshots.py",)),
)


def rows(figures: Figures) -> list[tuple[str, ...]]:
    """The table of the points, by number."""
    found = [("point", "", "aim", "measured", "", "page with nothing")]
    for each in FIGURES:
        values = figures[each.key]
        shown = spread(figures[each.bare], each.decimals) if each.bare else ""
        judged = "met" if statistics.median(values) <= each.aim else "missed"
        found.append((str(each.point), each.name, f"{each.aim:,.0f}", spread(values, each.decimals), judged, shown))
    return found


def told() -> list[tuple[str, ...]]:
    """The points that tests hold."""
    return [(str(point), name, test) for point, name, tests in HELD for test in tests]
