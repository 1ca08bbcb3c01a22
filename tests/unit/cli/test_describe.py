"""What `alula describe` tells of a large run."""

from __future__ import annotations

import pytest
from flyteidl.admin import workflow_pb2
from flyteidl.core import execution_pb2 as phases_pb2
from tests.unit.cli.views import node, run

from alula import FlytePickle, task, workflow
from alula.cli.describe import NODES_SHOWN, _print_node, chosen
from alula.cli.describe_entity import interface_of, pickled_by_steps, print_interface
from alula.core.engine.records import NodePhase
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.compiling import compiled_workflow


def test_of_a_large_run_those_that_failed_are_told_before_all_others_and_in_their_order():
    done = [node(f"n{i}", "done", NodePhase.SUCCEEDED, took=1) for i in range(2 * NODES_SHOWN)]
    bad = [node("a", "bad", NodePhase.FAILED), node("b", "slow", NodePhase.TIMED_OUT)]
    shown, left = chosen(run(*done, *bad))
    assert [each.node_id for each in shown][-2:] == ["a", "b"]
    assert [each.node_id for each in shown][:3] == ["n0", "n1", "n2"]
    assert (len(shown), len(left)) == (NODES_SHOWN, NODES_SHOWN + 2)


def test_a_small_run_is_told_whole():
    waiting = node("n1", "later", NodePhase.QUEUED, attempts=0)
    shown, left = chosen(run(node("n0", "done", NodePhase.SUCCEEDED, took=1), waiting))
    assert ([each.node_id for each in shown], left) == (["n0"], [])


def test_an_attempt_is_told_with_its_executor_jobs_and_links(capsys: pytest.CaptureFixture[str]) -> None:
    seen = node("n0", "query", NodePhase.RUNNING)
    closure = seen.attempts[0].closure
    closure.phase = phases_pb2.TaskExecution.INITIALIZING
    closure.metadata.plugin_identifier = "connector"
    closure.logs.add(name="query", uri="https://q/1")
    closure.logs.add(name="log", uri="http://h/api/v1/alula/logs/p/d/r/n0/0")
    job = closure.metadata.external_resources.add(external_id="job-7", phase=phases_pb2.TaskExecution.FAILED)
    job.logs.add(name="driver", uri="https://d/1")
    _print_node(seen, ())
    shown = capsys.readouterr().out
    assert "attempt 0: INITIALIZING" in shown and shown.splitlines()[2].endswith("  by connector")
    assert shown.splitlines()[3:] == [
        "    log query: https://q/1",
        "    job-7: FAILED",
        "      log driver: https://d/1",
    ]


@task(pickle_untyped=True)
def numbered(values: list[object], n: int) -> object:
    return values


@workflow
def numbering(n: int, secret: FlytePickle[list[object]]) -> int:
    """Number it.

    Args:
        n: where to begin
    """
    numbered(values=secret, n=n)
    return n


def test_a_workflow_is_described_with_what_is_pickled_of_it_and_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    serialized = serialize(numbering, settings=SerializationSettings())
    closure = workflow_pb2.WorkflowClosure(compiled_workflow=compiled_workflow(serialized, numbering.name))
    registered = workflow_pb2.Workflow(closure=closure)
    print_interface(interface_of(registered))
    assert [line.split() for line in capsys.readouterr().out.splitlines()[2:]] == [
        ["input", "n", "int", "where", "to", "begin"],
        ["input", "secret", "FlyteFile", "secret", "(list[object])"],
        ["output", "o0", "int"],
    ]
    (step,) = pickled_by_steps(registered)
    assert step[0] == numbered.name
    assert [part.where for part in step[1]] == ["values", "o0"]
