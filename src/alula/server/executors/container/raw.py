"""The files of raw containers on this machine: inputs among the container's own folders, outputs among the objects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from flyteidl.core import literals_pb2

from alula.core.literals.raw_files import Copy
from alula.core.policy.outcome import Outcome
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec
from alula.server.executors.container.build import Mount
from alula.server.executors.container.folders import Folders
from alula.server.executors.progress import Ended
from alula.server.executors.raw.inputs import write_inputs
from alula.server.executors.raw.outputs import Failed, read_outputs, said
from alula.server.executors.raw.task import check_files, inputs_path, outputs_path
from alula.server.executors.results import Results, interpreted

INPUTS, OUTPUTS = "inputs", "outputs"
PIECE_BYTES = 1 << 20


class RawFiles:
    """The files of raw containers, in the `folders` of an executor."""

    def __init__(self, folders: Folders, blobs: Blobs, *, limit_bytes: int) -> None:
        self._folders = folders
        self._blobs = blobs
        self._limit_bytes = limit_bytes

    async def write(self, key: str, spec: AttemptSpec) -> tuple[Mount, ...]:
        """Write the inputs of an attempt. Gives the mounts of its folders. Raises `InvalidInput` for inputs and
        outputs that can't be files, or can't be moved as the task wants, OSError, and the errors of the store."""
        check_files(spec.task)
        inputs, outputs = self._folders.of(key) / INPUTS, self._folders.of(key) / OUTPUTS
        await write_inputs(spec.task, literals_pb2.LiteralMap.FromString(spec.inputs), inputs, self._bring)
        outputs.mkdir()
        outputs.chmod(0o777)  # whatever user the image has; the folder above it is closed to others
        return (
            Mount(str(inputs), inputs_path(spec.task), read_only=True),
            Mount(str(outputs), outputs_path(spec.task)),
        )

    async def _bring(self, copy: Copy, place: Path) -> None:
        if await asyncio.to_thread(self._folders.link, copy.uri, place):
            return
        if not copy.is_folder or await self._blobs.size(copy.uri) is not None:
            await self._fetch(place, copy.uri)
            return
        await self._fetch_all(place, copy.uri.rstrip("/"))

    async def _fetch_all(self, place: Path, prefix: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        found = await self._blobs.list(prefix)
        while found:
            for uri in found:
                await self._fetch(place / uri.removeprefix(f"{prefix}/"), uri)
            found = await self._blobs.list(prefix, after=found[-1])

    async def _fetch(self, place: Path, uri: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(place, "xb") as file:
            async for piece in self._blobs.read(uri):
                await asyncio.to_thread(file.write, piece)

    async def outcome_of(self, spec: AttemptSpec, ended: Ended, folder: str) -> Outcome:
        """The outcome of an attempt that has left its outputs in a folder of this machine. Raises the errors of the
        store."""
        if ended.error is not None:
            return ended.error
        outputs = b""
        try:
            failure = await asyncio.to_thread(said, folder)
            if failure is not None:
                return failure
            if ended.exit_code == 0:
                values = await read_outputs(
                    spec.task, folder, spec.raw_prefix, self._take, limit_bytes=self._limit_bytes
                )
                outputs = values.SerializeToString(deterministic=True)
        except Failed as failed:
            return failed.error
        return await asyncio.to_thread(
            interpreted,
            spec,
            Results(outputs=outputs),
            exit_code=ended.exit_code,
            out_of_memory=ended.out_of_memory and ended.exit_code != 0,
            last_log_line=ended.last_line,
        )

    async def _take(self, file: int, uri: str) -> None:
        await self._blobs.put_stream(uri, _pieces(file))


async def _pieces(file: int) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(os.read, file, PIECE_BYTES):
        yield piece
