"""Gates of flytekit workflows, answered by FlyteRemote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import RunningPlatform

GATES = "flows/gates.py"
ANSWERING = """
import json, sys, time
from datetime import timedelta
from flytekit.configuration import Config
from flytekit.exceptions.base import FlyteException
from flytekit.remote import FlyteRemote

remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
name, verdict = sys.argv[1:]

def waiting_for(*signals):
    until = time.monotonic() + 60
    while set(signals) - {signal.id.signal_id for signal in remote.list_signals(name)}:
        assert time.monotonic() < until, "the gates do not ask"
        time.sleep(0.1)

waiting_for("size-is-fine", "factor")
refused = ""
try:
    remote.set_input("factor", name, "three")
except FlyteException as error:
    refused = type(error).__name__
remote.set_input("factor", name, 3)
remote.approve("size-is-fine", name) if verdict == "approve" else remote.reject("size-is-fine", name)
done = remote.wait(remote.fetch_execution(name=name), timeout=timedelta(seconds=60), poll_interval=timedelta(seconds=1))
values = {signal.id.signal_id: signal.value.scalar.primitive for signal in remote.list_signals(name)}
print(json.dumps({
    "refused": refused,
    "phase": done.closure.phase,
    "error": done.closure.error.code if done.closure.error else "",
    "outputs": {key: done.outputs.get(key) for key in done.outputs} if done.closure.phase == 4 else {},
    "answers": [values["size-is-fine"].boolean, values["factor"].integer],
}))
"""


@pytest.fixture
def pyflyte(flytekit_bin: Path, platform: RunningPlatform, tmp_path: Path) -> Pyflyte:
    return Pyflyte(flytekit_bin, tmp_path, platform.grpc)


def answered(pyflyte: Pyflyte, name: str, verdict: str) -> dict[str, object]:
    pyflyte("run", "--remote", "--name", name, GATES, "reviewed")
    return json.loads(pyflyte.python(ANSWERING, name, verdict).splitlines()[-1])


def test_an_approved_workflow_goes_on_with_the_input_that_was_given(pyflyte: Pyflyte) -> None:
    assert answered(pyflyte, "approved", "approve") == {
        "refused": "FlyteInvalidInputException",
        "phase": 4,
        "error": "",
        "outputs": {"o0": 60},
        "answers": [True, 3],
    }


def test_a_rejected_workflow_fails(pyflyte: Pyflyte) -> None:
    ended = answered(pyflyte, "rejected", "reject")
    assert (ended["phase"], ended["error"], ended["answers"]) == (6, "ReceivedRejectSignal", [False, 3])


def test_a_sleeping_workflow_goes_on(pyflyte: Pyflyte) -> None:
    pyflyte("run", "--remote", "--wait", "--poll-interval", "1", GATES, "paused")
