"""What `alula describe` tells of a large run."""

from __future__ import annotations

from tests.unit.cli.views import node, run

from alula.cli.describe import NODES_SHOWN, chosen
from alula.core.engine.records import NodePhase


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
