"""What the process executor does where objects are elsewhere: files of this machine stand for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from tests.attempts.bundle import task_command
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt, elsewhere
from tests.objects.memory import MemoryBlobs
from tests.present import failure
from tests.process_executor.running import value

from alula.core.errors import PermissionDenied, Unavailable
from alula.server.executor import AttemptSpec
from alula.server.executors.process import publishing
from alula.server.executors.process.executor import ProcessExecutor

T = TypeVar("T")


class Objects(MemoryBlobs):
    """Objects elsewhere, which may fail at being written, and say when one is there."""

    def __init__(self) -> None:
        super().__init__("mem://store")
        self.trouble: Exception | None = None
        self._changed = asyncio.Event()

    async def put_stream(self, uri: str, pieces: AsyncIterator[bytes]) -> int:
        if self.trouble is not None:
            raise self.trouble
        size = await super().put_stream(uri, pieces)
        self._changed.set()
        return size

    async def until(self, uri: str) -> bytes:
        async with asyncio.timeout(30):
            while uri not in self.objects:
                self._changed.clear()
                await self._changed.wait()
        return self.objects[uri]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def until_empty(data: Path) -> None:
    """Wait until nothing is left here of attempts whose ends are durable."""
    async with asyncio.timeout(30):
        while files_in(data / "attempts"):
            await asyncio.sleep(0.01)


def live(data: Path, objects: Objects, scenario: Callable[[Harness], Awaitable[T]], *expected: AttemptSpec) -> T:
    """One life of the executor on this folder."""

    async def run() -> T:
        executor = ProcessExecutor(data, objects=objects)
        harness = Harness(executor)
        await executor.start(harness.sink)
        try:
            await executor.reconcile(expected, owner="here")
            return await scenario(harness)
        finally:
            await executor.stop()

    return asyncio.run(run())


def script(data: Path, objects: Objects, does: str, *, node: str = "n0", outputs: bool = False) -> AttemptSpec:
    return elsewhere(attempt(data, "sh", "-c", does, node=node, outputs=outputs), data, objects)


def test_results_are_read_here_and_only_what_says_more_becomes_an_object(tmp_path: Path):
    objects = Objects()
    quiet = script(tmp_path, objects, "cat {{.input}} > /dev/null", node="quiet")
    loud = script(tmp_path, objects, "echo hello; echo '<p>' > {{.outputPrefix}}/deck.html", node="loud")

    async def scenario(harness: Harness) -> None:
        for spec in (quiet, loud):
            end = await harness.run(spec)
            assert end.phase == "SUCCEEDED", end.error
        deck = harness.end_of(loud).deck_uri
        assert deck == f"{loud.output_prefix}/deck.html"
        assert objects.objects[deck] == b"<p>\n"  # before the end was told
        harness.executor.acknowledge([quiet.id, loud.id])
        assert await objects.until(f"{loud.output_prefix}/log.txt") == b"hello\n"
        await until_empty(tmp_path)

    live(tmp_path, objects, scenario)
    assert not [uri for uri in objects.objects if uri.startswith(quiet.output_prefix)]


def test_code_is_fetched_from_the_store(tmp_path: Path, bundle: str):
    objects = Objects()
    uri = objects.uri("uploads", "p", "d", Path(bundle).name)
    objects.objects[uri] = Path(bundle).read_bytes()
    command = [word.replace(bundle, uri) for word in task_command(bundle, "seven")]
    spec = elsewhere(attempt(tmp_path, *command, outputs=True), tmp_path, objects)
    end = live(tmp_path, objects, lambda harness: harness.run(spec))
    assert end.error is None and value(end.outputs) == 7
    assert len(list((tmp_path / "bundles").iterdir())) == 1


@pytest.mark.parametrize("uri", ["mem://store/uploads/none.tar.gz", "mem://other/none.tar.gz"])
def test_code_that_is_not_there_is_the_fault_of_the_task(tmp_path: Path, bundle: str, uri: str):
    objects = Objects()
    command = [word.replace(bundle, uri) for word in task_command(bundle, "seven")]
    spec = elsewhere(attempt(tmp_path, *command), tmp_path, objects)
    error = live(tmp_path, objects, lambda harness: harness.run(spec)).error
    assert error is not None and error.code in ("BundleNotFound", "BundleNotReadable")
    assert uri in error.message


def test_an_end_that_nobody_heard_of_is_told_in_the_next_life(tmp_path: Path):
    objects = Objects()
    spec = script(tmp_path, objects, "echo once; exit 3")

    async def ends(harness: Harness) -> None:
        await harness.run(spec)

    async def hears(harness: Harness) -> None:
        await harness.until(lambda: harness.has_ended(spec))
        assert failure(harness.end_of(spec)).code == "ExitCode"
        harness.executor.acknowledge([spec.id])
        assert await objects.until(f"{spec.output_prefix}/log.txt") == b"once\n"
        await until_empty(tmp_path)

    live(tmp_path, objects, ends)
    live(tmp_path, objects, hears, spec)


def test_what_an_earlier_life_could_not_publish_the_next_one_does(tmp_path: Path):
    objects = Objects()
    spec = script(tmp_path, objects, "echo kept")

    async def in_trouble(harness: Harness) -> None:
        objects.trouble = Unavailable("ObjectsUnavailable", "away")
        assert (await harness.run(spec)).phase == "SUCCEEDED"
        harness.executor.acknowledge([spec.id])

    async def again(harness: Harness) -> None:
        assert await objects.until(f"{spec.output_prefix}/log.txt") == b"kept\n"
        await until_empty(tmp_path)

    live(tmp_path, objects, in_trouble)
    objects.trouble = None
    live(tmp_path, objects, again)


def test_a_deck_that_the_store_refuses_costs_the_attempt_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(publishing, "RETRY_S", 0.0)
    objects = Objects()
    for number, trouble in enumerate((PermissionDenied("ObjectForbidden", "no"), Unavailable("Away", "no"))):
        objects.trouble = trouble
        spec = script(tmp_path, objects, "echo > {{.outputPrefix}}/deck.html", node=f"n{number}")
        end = live(tmp_path, objects, lambda harness, spec=spec: harness.run(spec))
        assert (end.phase, end.deck_uri) == ("SUCCEEDED", "")


def test_a_long_error_is_where_its_message_says(tmp_path: Path):
    from flyteidl.core import errors_pb2

    objects = Objects()
    document = errors_pb2.ErrorDocument(error=errors_pb2.ContainerError(code="USER:X", message="x" * 300_000))
    (tmp_path / "error.pb").write_bytes(document.SerializeToString())
    spec = script(tmp_path, objects, f"cp {tmp_path}/error.pb {{{{.outputPrefix}}}}/error.pb")

    async def scenario(harness: Harness) -> str:
        error = failure(await harness.run(spec))
        harness.executor.acknowledge([spec.id])
        await objects.until(f"{spec.output_prefix}/error.pb")
        return error.message

    assert f"{spec.output_prefix}/error.pb" in live(tmp_path, objects, scenario)


def test_a_specification_of_another_store_is_refused(tmp_path: Path):
    objects = Objects()
    spec = msgspec.structs.replace(script(tmp_path, objects, "true"), output_prefix="mem://other/x")
    error = live(tmp_path, objects, lambda harness: harness.run(spec)).error
    assert error is not None and error.code == "ObjectsNotLocal"
