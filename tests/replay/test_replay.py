"""Logs of executions that really ran: this engine folds them, and comes to what the one that wrote them came to.

`make replay-log NAME=...` records one more. What is recorded stays: an engine that reads an old log in another way
would do so in the platforms that have such logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

import pytest
from tests.replay.recording import LOGS, load, names, outcome, stepped

from alula.core.engine.plan import NodeKind, PlanNode
from alula.core.engine.step import fold, outstanding

recorded = pytest.mark.parametrize("name", names())


@recorded
def test_a_log_leads_to_the_outcome_that_was_recorded_with_it(name: str) -> None:
    recording, expected = load(name)
    found = outcome(recording)
    assert found["rows"].keys() == expected["rows"].keys()
    assert {key: _as_far(row, expected["rows"][key]) for key, row in found["rows"].items()} == expected["rows"]
    assert {key: found[key] for key in expected if key != "rows"} == {
        key: expected[key] for key in expected if key != "rows"
    }


@recorded
def test_a_log_folds_at_every_point_to_what_stepping_through_it_comes_to(name: str) -> None:
    recording, _ = load(name)
    log, plan, graphs = recording.log(), recording.plan(), recording.plans()
    for number, (state, _) in enumerate(stepped(recording), 1):
        folded = fold(plan, log[:number], graphs)
        assert folded.phase is state.phase
        assert list(outstanding(folded)) == list(outstanding(state))


def test_there_is_a_log_of_every_kind_of_node() -> None:
    recordings = [load(name)[0] for name in names()]
    plans = [plan for each in recordings for plan in (each.plan(), *each.plans().values())]
    assert {kind for plan in plans for kind in _kinds(plan.nodes)} == set(get_args(NodeKind))
    assert any(each.graphs for each in recordings)
    assert any(each.plan().failure is not None for each in recordings)


def test_logs_name_no_folder_of_the_machine_that_recorded_them() -> None:
    for name in names():
        recording, _ = load(name)
        text = b" ".join((recording.closure, *recording.graphs.values(), *recording.events))
        text += (LOGS / f"{name}.json").read_bytes()
        assert not any(folder in text for folder in (b"/tmp/", b"/root/", b"/home/", b"/usr/")), name


def _kinds(nodes: Iterable[PlanNode]) -> Iterator[NodeKind]:
    for node in nodes:
        yield node.kind
        if node.graph is not None:
            yield from _kinds(node.graph.nodes)
        if node.array is not None:
            yield from _kinds([node.array.item])
        if node.branch is not None:
            yield from _kinds(case for _, case in node.branch.cases)


def _as_far(row: dict[str, object], recorded: dict[str, object]) -> dict[str, object]:
    """The fields that were known when it was recorded."""
    return {name: value for name, value in row.items() if name in recorded}
