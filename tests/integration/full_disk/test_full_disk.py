"""No room left under the data folder: clear errors, nothing half done, and when there is room again it goes on."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, alula

FLOWS = Path(__file__).with_name("flows")
SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_MAX_BYTES = 256 * 1024 * 1024
"""More of it would be too much to fill."""
UNREACHABLE = 3
Phase = core_execution_pb2.WorkflowExecution


class Disk:
    """A small file system that can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"\0" * size) == size:
                        pass
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            self.folder.joinpath("more").write_bytes(b"x")
        self.folder.joinpath("more").unlink(missing_ok=True)

    def make_room(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A mount of its own where that is allowed (root may), else a part of a small `/dev/shm`."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "alula-test", str(folder)]
    if shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield Disk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    if not SHARED_MEMORY.is_mount() or shutil.disk_usage(SHARED_MEMORY).total > SHARED_MEMORY_MAX_BYTES:
        pytest.skip("needs the right to mount a tmpfs, or a small /dev/shm")
    folder = SHARED_MEMORY / f"alula-test-{os.getpid()}"
    folder.mkdir()
    try:
        yield Disk(folder)
    finally:
        shutil.rmtree(folder)


def test_a_running_platform_says_so_and_goes_on_when_there_is_room_again(disk: Disk, platforms: Platforms) -> None:
    platform = platforms.start(data=disk.folder / "data")
    data = ("--data", str(platform.data))
    gate = platforms.folder / "gate"
    with Client(platform.grpc) as client:
        id = _launch(client, data, gate)
        disk.fill()
        gate.touch()  # the step that runs ends now, and has nowhere to put its result
        _until(lambda: "no room on the disk" in platform.log())

        register = alula("register", str(FLOWS / "steps.py"), "--version", "v2", *data)
        launch = alula(
            "run", "--remote", "--version", "v1", str(FLOWS / "steps.py"), "pipeline", "--gate", str(gate), *data
        )
        for failed in (register, launch):
            assert failed.returncode == UNREACHABLE, failed.stderr
            assert "error[DiskFull]: no room" in failed.stderr or "error[StoreDiskFull]" in failed.stderr
            assert "Traceback" not in failed.stderr
            assert failed.stdout == ""
        assert _versions(client) == {"v1"}
        assert alula("describe", "execution", id.name, *data).returncode == 0, "reading needs no room"

        disk.make_room()
        execution = _wait(client, id)
        assert execution.closure.phase == Phase.SUCCEEDED, execution.closure.error
        again = alula("register", str(FLOWS / "steps.py"), "--version", "v2", *data)
        assert again.returncode == 0, again.stderr
        assert _versions(client) == {"v1", "v2"}
    _check_no_parts(platform.data)
    assert platform.stop() == 0
    assert "Traceback" not in platform.log()


def test_it_does_not_start_without_room_and_goes_on_later(disk: Disk, platforms: Platforms) -> None:
    platform = platforms.start(data=disk.folder / "data")
    gate = platforms.folder / "gate"
    with Client(platform.grpc) as client:
        id = _launch(client, ("--data", str(platform.data)), gate)
    disk.fill()
    platform.kill()
    for folder in (platform.data, disk.folder / "another"):
        refused = platforms.start(data=folder, ready=False)
        assert refused.process.wait(timeout=20) == UNREACHABLE
        assert "DiskFull]: there is no room on the disk of" in refused.log()
        assert "Traceback" not in refused.log()
    disk.make_room()
    gate.touch()
    again = platforms.start(data=platform.data)
    with Client(again.grpc) as client:
        assert _wait(client, id).closure.phase == Phase.SUCCEEDED
    assert again.stop() == 0
    _check_no_parts(platform.data)


def _launch(client: Client, data: tuple[str, str], gate: Path) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Register, launch, and wait until the first step runs."""
    registered = alula("register", str(FLOWS / "steps.py"), "--version", "v1", *data)
    assert registered.returncode == 0, registered.stderr
    plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, "steps.pipeline")
    inputs = specs.literal_map(gate=specs.text(str(gate)))
    id = client.CreateExecution(specs.execution("", plan, inputs)).id
    _until(lambda: Path(f"{gate}.begun").exists())
    return id


def _versions(client: Client) -> set[str]:
    """Of everything that is registered."""
    place = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN)
    request = common_pb2.ResourceListRequest(id=place, limit=100)
    answers = (client.ListTasks(request).tasks, client.ListWorkflows(request).workflows)
    plans = client.ListLaunchPlans(request).launch_plans
    return {entity.id.version for entities in (*answers, plans) for entity in entities}


def _check_no_parts(data: Path) -> None:
    """No file that was begun and not finished. A log may be empty, and the record of an end that did not fit."""
    files = [path for path in (data / "objects").rglob("*") if path.is_file()]
    files = [path for path in files if path.name not in ("log.txt", "exit.json")]
    assert [path for path in files if path.name.startswith(".") or path.stat().st_size == 0] == []


def _wait(client: Client, id: identifier_pb2.WorkflowExecutionIdentifier) -> execution_pb2.Execution:
    request = execution_pb2.WorkflowExecutionGetRequest(id=id)
    _until(lambda: client.GetExecution(request).closure.phase in (Phase.SUCCEEDED, Phase.FAILED))
    return client.GetExecution(request)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
