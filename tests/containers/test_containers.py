"""What the container executor does beside its contract, on a real runtime."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
import pytest
from flyteidl.core import literals_pb2
from tests.attempts.harness import eventually
from tests.attempts.specs import filling, literal_map
from tests.containers.boxes import Boxes
from tests.containers.engine import FOREIGN
from tests.containers.stumbling import stumbling
from tests.contract.executor.outside import Lives

from alula.core.errors import FailedPrecondition
from alula.core.policy.resources import Amounts, Resources, SharedMemory
from alula.server.executor import AttemptSpec
from alula.server.executors.container.options import ContainerOptions

pytestmark = pytest.mark.anyio
MIB = 1 << 20
SEVEN = literal_map(o0=7).SerializeToString()


def log_of(spec: AttemptSpec) -> str:
    return Path(spec.output_prefix, "log.txt").read_text()


async def said(lives: Lives, spec: AttemptSpec) -> str:
    """What an attempt that succeeds has printed."""
    async with lives.begin() as life:
        end = await life.run(spec)
        assert end.phase == "SUCCEEDED", end.error
    return log_of(spec)


async def failure(lives: Lives, spec: AttemptSpec):
    async with lives.begin() as life:
        error = (await life.run(spec)).error
        assert error is not None
        return error


def with_image(spec: AttemptSpec, image: str) -> AttemptSpec:
    spec.task.container.image = image
    return spec


def with_blob(spec: AttemptSpec, uri: str) -> AttemptSpec:
    value = literals_pb2.Literal(scalar=literals_pb2.Scalar(blob=literals_pb2.Blob(uri=uri)))
    return msgspec.structs.replace(spec, inputs=literals_pb2.LiteralMap(literals={"file": value}).SerializeToString())


async def test_output_is_followed_while_a_container_runs(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.script("n0", "echo one; echo two >&2; until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        await asyncio.to_thread(eventually, lambda: log_of(spec).split() == ["one", "two"])
        boxes.finish(spec)
        await life.until(lambda: life.has_ended(spec))
    assert log_of(spec).split() == ["one", "two"]


async def test_output_goes_on_in_the_next_life_and_nothing_is_written_twice(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.script("n0", "echo one; until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done; echo two", SEVEN)
    async with lives.begin(crashes=True) as life:
        await life.until_it_runs(spec)
        await asyncio.to_thread(eventually, lambda: log_of(spec) == "one\n")
    boxes.finish(spec)
    async with lives.begin(spec) as life:
        await life.until(lambda: life.has_ended(spec))
        assert life.end_of(spec).outputs == SEVEN
    assert log_of(spec) == "one\ntwo\n"


async def test_a_container_sees_its_own_inputs_and_nothing_of_others(lives: Lives, boxes: Boxes) -> None:
    store = boxes.folder / "objects"
    for name in ("data/p/d/aa/mine", "data/p/d/aa/theirs", "metadata/p/d/run/n7/data/0"):
        (store / name).mkdir(parents=True)
        (store / name / "part").write_text(name)
    mine = str(store / "data/p/d/aa/mine/part")
    spec = with_blob(boxes.script("n0", f"cat {mine}; cat {{{{.input}}}} | wc -c; ls -R {store}"), mine)
    text = await said(lives, spec)
    assert "data/p/d/aa/mine" in text
    assert f"{len(spec.inputs)}\n" in text
    assert "theirs" not in text
    assert "n7" not in text


async def test_a_container_can_not_change_what_it_was_given(lives: Lives, boxes: Boxes) -> None:
    given = boxes.folder / "objects/data/p/d/aa/mine/part"
    given.parent.mkdir(parents=True)
    given.write_text("given")
    spec = with_blob(
        boxes.script("n0", f"echo changed > {given}; rm -f {given}; touch {given.parent}/more; exit 0"), str(given)
    )
    await said(lives, spec)
    assert given.read_text() == "given"
    assert os.listdir(given.parent) == ["part"]


@pytest.mark.parametrize("uri", ["", "/data", "/data/p/d", "/../..", "/data/p/d/aa/link"])
async def test_an_input_opens_no_more_than_a_folder_of_one_attempt(lives: Lives, boxes: Boxes, uri: str) -> None:
    store = boxes.folder / "objects"
    (store / "data/p/d/aa/theirs").mkdir(parents=True)
    (store / "data/p/d/aa/theirs/secret").touch()
    (store / "data/p/d/aa/link").symlink_to(store / "data")
    spec = with_blob(boxes.script("n0", f"ls -R {store} {boxes.folder}; exit 0"), f"{store}{uri}")
    assert "secret" not in await said(lives, spec)


async def test_files_of_a_hostile_task_harm_nobody(lives: Lives, boxes: Boxes) -> None:
    outside = boxes.folder / "outside"
    outside.write_text("untouched")
    hostile = f"""
cd {{{{.outputPrefix}}}}
ln -s {outside} deck.html; ln -s /etc/passwd outputs.pb; mkfifo futures.pb; mkdir error.pb
rm -f log.txt; ln -s {outside} log.txt; echo late
exit 0"""
    spec = boxes.script("n0", hostile, SEVEN)
    error = await failure(lives, spec)
    assert error.code == "OutputsNotReadable"
    assert outside.read_text() == "untouched"
    async with lives.begin(spec) as life:
        await life.until(lambda: life.has_ended(spec))
        life.executor.acknowledge([spec.id])
        await life.run(boxes.succeeds("n1"))
    assert outside.read_text() == "untouched"


async def test_more_memory_than_the_limit_is_its_own_failure(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.script("n0", filling(100 * MIB), memory_limit_bytes=20 * MIB)
    error = await failure(lives, spec)
    assert (error.code, error.kind, error.recoverable) == ("OOMKilled", "USER", True)


async def test_limits_are_those_of_the_attempt(lives: Lives, boxes: Boxes) -> None:
    asked = Resources(Amounts(), Amounts(), shared_memory=SharedMemory("/dev/shm", limit_bytes=MIB))
    fills = "dd if=/dev/zero of=/dev/shm/x bs=1024 count=4096 2>&1; wc -c /dev/shm/x"
    text = await said(lives, msgspec.structs.replace(boxes.script("n0", fills), resources=asked))
    assert f"{MIB} /dev/shm/x" in text


async def test_an_image_that_is_nowhere_is_one_clear_failure(lives: Lives, boxes: Boxes) -> None:
    boxes.options = msgspec.structs.replace(boxes.options, image_pull_policy="Never")
    error = await failure(lives, with_image(boxes.succeeds("n0"), "localhost/nowhere:1"))
    assert (error.code, error.recoverable) == ("ErrImageNeverPull", False)
    assert "localhost/nowhere:1" in error.message


async def test_a_registry_that_is_away_is_worth_another_attempt(lives: Lives, boxes: Boxes) -> None:
    spec = with_image(boxes.succeeds("n0"), "localhost:1/nowhere:1")
    async with lives.begin() as life:
        error = (await life.run(spec)).error
        assert error is not None
        assert (error.code, error.kind, error.recoverable) == ("ImagePullFailed", "SYSTEM", True)
        assert [each.reason for each in life.of(spec, "INITIALIZING")][:1] == ["pulls image localhost:1/nowhere:1"]


async def test_an_image_for_another_machine_says_so(lives: Lives, boxes: Boxes) -> None:
    spec = with_image(boxes.succeeds("n0"), FOREIGN)
    del spec.task.container.command[:]
    error = await failure(lives, spec)
    assert (error.code, error.recoverable) == ("ImageWrongArchitecture", False)


async def test_a_command_that_is_not_in_the_image_says_so(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.succeeds("n0")
    spec.task.container.command[:] = ["no-such-program"]
    error = await failure(lives, spec)
    assert error.code == "CommandNotFound"
    assert "no-such-program" in error.message


async def test_a_container_that_somebody_removes_is_a_failure_of_the_system(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.waits("n0")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        boxes.close()
        await life.until(lambda: life.has_ended(spec))
        error = life.end_of(spec).error
        assert error is not None
        assert (error.code, error.kind, error.recoverable) == ("UnexpectedObjectDeletion", "SYSTEM", True)


async def test_more_output_than_the_limit_ends_a_container(lives: Lives, boxes: Boxes) -> None:
    boxes.options = msgspec.structs.replace(boxes.options, log_limit_bytes=1000)
    spec = boxes.script("n0", "while true; do echo 0123456789; done")
    error = await failure(lives, spec)
    assert (error.code, error.recoverable) == ("LogLimitExceeded", False)
    assert len(log_of(spec)) == 1000


async def test_a_runtime_that_is_away_for_a_while_changes_nothing(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.waits("n0", outputs=SEVEN)
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        boxes.podman.stop()
        later = boxes.succeeds("n1")
        life.executor.submit(later)
        await life.until(lambda: any("does not answer" in each.reason for each in life.of(later, "QUEUED")))
        boxes.podman.start()
        boxes.finish(spec)
        await life.until(lambda: life.has_ended(spec) and life.has_ended(later))
        assert life.end_of(spec).outputs == SEVEN
        assert life.end_of(later).phase == "SUCCEEDED"
    assert boxes.starts(spec) == 1


async def test_a_runtime_that_stumbles_over_calls_changes_nothing(lives: Lives, boxes: Boxes) -> None:
    there = boxes.folder / "stumbling.sock"
    boxes.options = msgspec.structs.replace(boxes.options, socket=str(there))
    done, wrong = boxes.script("n0", "echo hello; exit 3"), boxes.succeeds("n1")
    wrong.task.container.command[:] = ["no-such-program"]
    async with stumbling(boxes.podman.socket, str(there)) as calls, lives.begin() as life:
        end = await life.run(done)
        assert end.error is not None and end.error.code == "ExitCode", end.error
        assert log_of(done) == "hello\n"
        life.executor.acknowledge([done.id])
        await asyncio.to_thread(eventually, lambda: not boxes.left())
        end = await life.run(wrong)
        assert end.error is not None and end.error.code == "CommandNotFound", end.error
    for kind in ("POST /containers/ID/start", "POST /containers/ID/wait", "GET /containers/ID/logs"):
        assert calls[kind] > 1, f"no stumble over {kind}"


async def test_no_container_and_no_folder_is_left(lives: Lives, boxes: Boxes) -> None:
    done, cancelled = boxes.succeeds("n0"), boxes.waits("n1")
    async with lives.begin() as life:
        await life.until_it_runs(cancelled)
        await life.run(done)
        life.executor.acknowledge([done.id])
        life.executor.cancel(cancelled.id)
        await asyncio.to_thread(eventually, lambda: not boxes.left())
        await asyncio.to_thread(eventually, lambda: not os.listdir(boxes.folder / "here/containers"))


async def test_attempts_wait_for_their_part_of_the_machine(lives: Lives, boxes: Boxes) -> None:
    boxes.options = msgspec.structs.replace(boxes.options, cpu_millicores=1000, default_cpu_millicores=1000)
    first, second = boxes.waits("n0"), boxes.succeeds("n1")
    async with lives.begin() as life:
        await life.until_it_runs(first)
        life.executor.submit(second)
        await life.until(lambda: life.of(second, "WAITING_FOR_RESOURCES"))
        assert "waits for 1 CPU" in life.of(second, "WAITING_FOR_RESOURCES")[0].reason
        boxes.finish(first)
        await life.until(lambda: life.has_ended(second))


async def test_a_machine_without_a_runtime_is_refused_at_the_start(tmp_path: Path, boxes: Boxes) -> None:
    boxes.options = ContainerOptions(socket=str(tmp_path / "nothing.sock"))
    with pytest.raises(FailedPrecondition) as refused:
        await boxes.executor("here").start(lambda _: None)
    assert refused.value.code == "NoContainerRuntime"
