"""A run as a tree: pure, from messages to lines."""

from __future__ import annotations

import io
from typing import cast

from rich.console import Console
from tests.unit.cli.views import node, run

from alula.cli.tree import Items, fit, items_of, lines, plain, plain_tree, renderable
from alula.core.engine.records import AttemptPhase, CacheStatus, NodePhase
from alula.sdk.client.run_view import NodeView, short_name

NOW = 1_000_010.0


SAMPLE = run(
    node("n0", "load", NodePhase.SUCCEEDED, took=0, cache=CacheStatus.HIT, attempts=0),
    node("n1", "fetch", NodePhase.SUCCEEDED, took=1.5, attempts=2),
    node("n2", "inner", NodePhase.RUNNING, children=[node("n2-0-n0", "deep", NodePhase.RUNNING, started=1_000_004)]),
    node(
        "n3",
        "train",
        NodePhase.RUNNING,
        items=[AttemptPhase.SUCCEEDED] * 2 + [AttemptPhase.FAILED, AttemptPhase.RUNNING],
    ),
    NodeView("n4", "report"),
)


def test_an_array_of_which_not_all_items_are_told_counts_them_all():
    view = node("n0", "train", NodePhase.RUNNING, items=[AttemptPhase.SUCCEEDED] * 3)
    phases = {"SUCCEEDED": 12_000, "RUNNING": 25, "FAILED": 1, "RETRYABLE_FAILED": 1}
    view.attempts[-1].closure.custom_info.update({"array": {"size": 20_000, "phases": phases}})
    assert items_of(view) == Items(total=20_000, succeeded=12_000, failed=2, running=25)


def test_the_tree_shows_names_phases_durations_and_notes():
    assert plain_tree(SAMPLE, NOW, height=100) == [
        "├─ ✓ load     n0  SUCCEEDED  0.00s  cached",
        "├─ ✓ fetch    n1  SUCCEEDED  1.5s  attempt 2",
        "├─ ● inner    n2  RUNNING  10.0s",
        "│  └─ ● deep  n2-0-n0  RUNNING  6.0s",
        "├─ ● train[]  n3  RUNNING  10.0s  2/4, 1 failed",
        "└─ · report   n4  waiting",
    ]


def test_a_failed_node_shows_its_code():
    failed = run(node("n0", "load", NodePhase.FAILED, took=1, code="USER:ValueError"))
    (line,) = lines(failed, NOW)
    assert plain(line) == "n0 load FAILED 1.0s (USER:ValueError)"


def test_a_tree_higher_than_the_terminal_keeps_what_matters_now():
    done = [node(f"n{i}", "done", NodePhase.SUCCEEDED, took=1) for i in range(50)]
    tree = lines(run(*done, node("n50", "now", NodePhase.RUNNING), node("n51", "bad", NodePhase.FAILED)), NOW)
    shown, left_out = fit(tree, 5)
    assert [line.node_id for line in shown][-2:] == ["n50", "n51"]
    assert len(shown) == 4
    assert left_out == "… and 48 succeeded"


def test_a_tree_that_fits_is_shown_whole():
    tree = lines(SAMPLE, NOW)
    assert fit(tree, len(tree)) == (tree, "")


def test_it_renders_on_a_terminal():
    console = Console(width=100, force_terminal=True, color_system=None, file=io.StringIO())
    console.print(renderable(SAMPLE, NOW, height=100))
    text = cast(io.StringIO, console.file).getvalue()
    assert "flows.pipeline  r1  RUNNING" in text
    assert "2/4, 1 failed" in text


def test_short_names_leave_out_module_and_mapping():
    assert short_name("pkg.flows.train") == "train"
    assert short_name("wine.map_evaluate_0004b753b5a28cb0514d015d6fac934e-arraynode") == "evaluate"
