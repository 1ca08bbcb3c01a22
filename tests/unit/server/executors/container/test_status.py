"""How far an attempt is, by what its runtime tells of its container."""

from __future__ import annotations

import msgspec
import pytest

from alula.core.policy.outcome import OutcomeCode
from alula.server.executors.container.status import Container, gone, progress_of
from alula.server.executors.progress import Ended, Runs, Waits

NEVER = "0001-01-01T00:00:00Z"
START, END = "2026-11-29T21:11:33.224249768Z", "2026-11-29T22:11:34.5+01:00"
START_US, END_US = 1_795_986_693_224_250, 1_795_986_694_500_000
NOW = 1_795_986_700_000_000


def container(memory: int = 0, **state: object) -> Container:
    """As Docker and Podman tell it; there is more in their answers."""
    document = {
        "Id": "c0ffee",
        "Name": "/alula.here.key",
        "Image": "sha256:1f",
        "State": {"Running": True, "StartedAt": NEVER, "FinishedAt": NEVER, "Health": None, **state},
        "Config": {"Image": "etl:2", "Labels": None},
        "HostConfig": {"Memory": memory, "DeviceRequests": None},
        "Mounts": [{"Type": "bind", "Source": "/a", "Destination": "/b", "RW": False}],
    }
    return msgspec.json.decode(msgspec.json.encode(document), type=Container)


def progress(found: Container, *, hides_memory: bool = False) -> object:
    return progress_of(found, NOW, software="Libpod 4.3.1", hides_memory=hides_memory)


def ended(found: Container, *, hides_memory: bool = False) -> Ended:
    end = progress(found, hides_memory=hides_memory)
    assert isinstance(end, Ended)
    return end


def test_a_container_that_was_never_started_waits() -> None:
    assert progress(container(Status="created")) == Waits("INITIALIZING", NOW)


@pytest.mark.parametrize("status", ["running", "paused"])
def test_one_that_runs_says_what_runs_it(status: str) -> None:
    runs = progress(container(Status=status, StartedAt=START))
    assert isinstance(runs, Runs)
    assert runs.at == START_US
    assert runs.where == "container alula.here.key of image etl:2, by Libpod 4.3.1"
    assert runs.info.custom == {"container": "c0ffee", "image": "etl:2", "image_id": "sha256:1f"}


def test_one_that_has_ended_says_how_and_when() -> None:
    end = ended(container(Status="exited", ExitCode=3, StartedAt=START, FinishedAt=END))
    assert (end.at, end.exit_code, end.out_of_memory, end.error) == (END_US, 3, False, None)
    assert end.runs is not None
    assert end.runs.at == START_US


@pytest.mark.parametrize(
    ("state", "memory", "hides", "short"),
    [
        ({"ExitCode": 137, "OOMKilled": True}, 1, False, True),
        ({"ExitCode": 0, "OOMKilled": True}, 1, False, True),
        ({"ExitCode": 137}, 1, False, False),
        ({"ExitCode": 137}, 1, True, True),
        ({"ExitCode": 137}, 0, True, False),
        ({"ExitCode": 1}, 1, True, False),
    ],
)
def test_memory_is_the_reason_where_the_runtime_says_so_or_can_not_know(
    state: dict, memory: int, hides: bool, short: bool
) -> None:
    found = container(memory, Status="exited", StartedAt=START, FinishedAt=END, **state)
    assert ended(found, hides_memory=hides).out_of_memory == short


def test_one_that_is_gone_was_removed_by_somebody() -> None:
    error = gone(None, NOW).error
    assert error is not None
    assert (error.code, error.kind, error.recoverable) == (OutcomeCode.DELETED, "SYSTEM", True)


def test_the_folder_at_a_path_is_found() -> None:
    assert container().source_of("/b") == "/a"
    assert container().source_of("/c") == ""
