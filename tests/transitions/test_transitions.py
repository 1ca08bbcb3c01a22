"""The tables of transitions are complete: nothing else is accepted, all of them are covered by tests."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path

import pytest
from tests.graphs import compiled, integer, task, task_node, workflow
from tests.transitions.recorder import Recorder, name_of
from tests.transitions.standings import STANDINGS, all_events
from tests.transitions.table import TABLES, TASK, inputs_of
from tests.unit.core.engine.driver import Driver

from alula.core.engine import events as facts
from alula.core.engine.machines import MACHINES
from alula.core.engine.machines.task import TRANSITIONS
from alula.core.engine.records import ExecutionPhase
from alula.core.engine.step import accepts

ROOT = Path(__file__).parents[2]


def test_each_transition_is_covered_and_no_other_happens() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.transitions"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("machine", "standing"), STANDINGS, ids=lambda name: name)
def test_where_a_node_stands_it_accepts_what_the_table_says_and_nothing_else(machine: str, standing: str) -> None:
    run = STANDINGS[machine, standing]()
    events = list(all_events(run))
    assert {type(event) for event in events} == set(typing.get_args(facts.NodeEvent))
    accepted = {name_of(event) for event in events if accepts(run.state, event)}
    assert accepted == inputs_of(machine, standing) & {name_of(event) for event in events}


def test_there_is_an_execution_for_each_standing_of_each_kind_of_node() -> None:
    standings = {(kind, before) for kind in MACHINES for before, _ in TABLES[kind] if before != "-"}
    assert standings == STANDINGS.keys()


def test_the_table_of_tasks_is_that_of_their_machine() -> None:
    of_machine = {(stage, event.__name__) for stage, event in TRANSITIONS}
    events = {name for _, name in of_machine}
    named = {(before, comes.partition(" ")[0]) for before, comes in TASK if before != "graph"}
    assert {(before, name) for before, name in named if name in events} == of_machine


def test_an_execution_that_has_ended_accepts_a_claim_only() -> None:
    run = Driver(compiled(workflow("w", [task_node("n0", task("t"), x=1)]), [task("t")]), x=integer(1))
    claimed, aborted = facts.Claimed(0, "runner"), facts.AbortRequested(0, "enough", "ada")
    assert accepts(run.state, claimed) and accepts(run.state, aborted)
    assert not accepts(run.state, run.log[0])
    run.succeed("n0")
    assert run.state.phase is ExecutionPhase.SUCCEEDED
    assert accepts(run.state, claimed) and not accepts(run.state, aborted)


def test_the_recorder_sees_what_happens_and_only_that() -> None:
    recorder = Recorder()
    with recorder.looking_on():
        run = Driver(compiled(workflow("w", [task_node("n0", task("t"), x=1)]), [task("t")]), x=integer(1))
        run.started("n0")
        run.succeed("n0")
    assert recorder.seen == {
        ("task", "-", "begin", "SUBMITTED"): 1,
        ("task", "SUBMITTED", "AttemptProgressed RUNNING", "RUNNING"): 1,
        ("task", "RUNNING", "AttemptSucceeded", "SUCCEEDED"): 1,
        ("graph scope", "-", "start", "runs"): 1,
        ("graph scope", "runs", "node succeeded", "succeeded"): 1,
        ("execution", "-", "Created", "RUNNING"): 1,
        ("execution", "RUNNING", "news of a node", "RUNNING"): 1,
        ("execution", "RUNNING", "news of a node", "SUCCEEDED"): 1,
    }
