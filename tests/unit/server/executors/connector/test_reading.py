"""What connectors say of jobs means what it means in Flyte."""

from __future__ import annotations

import pytest
from flyteidl.admin import agent_pb2
from flyteidl.core import execution_pb2
from google.protobuf import struct_pb2
from tests.attempts.specs import literal_map

from alula.core.engine.attempt_info import AttemptInfo, LogLink
from alula.server.executors.connector.reading import Done, Failed, Goes, seen_in

Phase = execution_pb2.TaskExecution
Resource = agent_pb2.Resource


@pytest.mark.parametrize("phase", ["QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING"])
def test_a_job_that_goes_on_keeps_its_phase(phase: str):
    assert seen_in(Resource(phase=Phase.Phase.Value(phase), message="half")) == Goes(phase, "half", None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phase", "code", "recoverable"),
    [
        (Phase.FAILED, "JobFailed", False),
        (Phase.ABORTED, "JobAborted", False),
        (Phase.RETRYABLE_FAILED, "JobFailed", True),
    ],
)
def test_a_job_that_failed_says_whether_it_can_be_tried_again(phase, code: str, recoverable: bool):
    seen = seen_in(Resource(phase=phase, message="no money"))
    assert isinstance(seen, Failed)
    assert (seen.error.code, seen.error.kind, seen.error.recoverable) == (code, "USER", recoverable)
    assert "no money" in seen.error.message


def test_an_error_of_the_connector_s_own_counts_more_than_the_phase():
    error = agent_pb2.AgentError(
        code="QuotaUsedUp", kind=agent_pb2.AgentError.RECOVERABLE, origin=execution_pb2.ExecutionError.SYSTEM
    )
    seen = seen_in(Resource(phase=Phase.FAILED, message="later", agent_error=error))
    assert isinstance(seen, Failed)
    assert tuple(seen.error)[:4] == ("QuotaUsedUp", "later", "SYSTEM", True)


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        (agent_pb2.PENDING, Goes("QUEUED", "", None, None)),
        (agent_pb2.RUNNING, Goes("RUNNING", "", None, None)),
        (agent_pb2.SUCCEEDED, Done(None, None, None)),
    ],
)
def test_older_connectors_have_a_state(state, seen):
    assert seen_in(Resource(state=state)) == seen


@pytest.mark.parametrize(
    ("state", "recoverable"), [(agent_pb2.PERMANENT_FAILURE, False), (agent_pb2.RETRYABLE_FAILURE, True)]
)
def test_older_connectors_have_a_state_of_failures(state, recoverable: bool):
    seen = seen_in(Resource(state=state))
    assert isinstance(seen, Failed) and seen.error.recoverable is recoverable


def test_no_outputs_are_not_empty_outputs():
    empty = Resource(phase=Phase.SUCCEEDED)
    empty.outputs.SetInParent()
    given = Resource(phase=Phase.SUCCEEDED, outputs=literal_map(o0=1))
    told = [seen_in(each) for each in (Resource(phase=Phase.SUCCEEDED), empty, given)]
    assert told == [Done(data, None, None) for data in (None, b"", literal_map(o0=1).SerializeToString())]


def test_logs_and_facts_are_taken_over_within_limits():
    custom = struct_pb2.Struct()
    custom.update({"rows": 3})
    link = execution_pb2.TaskLog(name="log", uri="http://a", message_format=execution_pb2.TaskLog.JSON)
    seen = seen_in(Resource(phase=Phase.RUNNING, log_links=[link] * 50, custom_info=custom, message="x" * 10_000))
    assert isinstance(seen, Goes)
    assert seen.logs == (LogLink("log", "http://a", "JSON"),) * 20
    assert seen.info == AttemptInfo({"rows": 3})
    assert len(seen.message) < 2100
    custom.update({"all": "x" * 20_000})
    assert seen_in(Resource(phase=Phase.SUCCEEDED, custom_info=custom)).info is None
