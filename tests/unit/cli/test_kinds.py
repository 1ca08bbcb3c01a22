"""Rows of lists."""

from __future__ import annotations

from flyteidl.admin import execution_pb2

from alula.cli.kinds import execution_row


def test_a_run_that_took_no_time_has_a_duration_and_one_that_goes_on_has_none() -> None:
    run = execution_pb2.Execution()
    assert execution_row(run)[5] == ""
    run.closure.duration.nanos = 0
    run.closure.duration.SetInParent()
    assert execution_row(run)[5] == "0.00s"
