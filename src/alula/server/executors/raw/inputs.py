"""The inputs of a raw container, written as files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import yaml
from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.errors import InvalidInput, NotFound
from alula.core.literals.raw_files import Copy, documents, input_files
from alula.core.policy.target import data_config_of
from alula.server.executors.raw.task import brings_objects, inputs_path

Bring: TypeAlias = Callable[[Copy, Path], Awaitable[None]]
"""Brings an object, or all under a prefix, to a place. Raises `NotFound`."""
_FORMATS = tasks_pb2.DataLoadingConfig


async def write_inputs(
    task: tasks_pb2.TaskTemplate, inputs: literals_pb2.LiteralMap, folder: Path, bring: Bring
) -> None:
    """Write the inputs of an attempt to a folder. Raises `InvalidInput` for those that can't be files or are not there,
    OSError, and the errors of the store."""
    form = data_config_of(task).format
    files = input_files(inputs, inputs_path(task), brings_objects=brings_objects(task))
    texts = {**files.texts, "inputs.pb": files.values.SerializeToString(deterministic=True)}
    if form == _FORMATS.JSON:
        texts["inputs.json"] = json.dumps(documents(files), ensure_ascii=False, indent=2, default=str).encode()
    elif form == _FORMATS.YAML:
        texts["inputs.yaml"] = yaml.safe_dump(documents(files), allow_unicode=True).encode()  # pyright: ignore[reportUnknownMemberType]
    await asyncio.to_thread(_write_all, folder, files.folders, texts)
    for copy in files.copies:
        try:
            await bring(copy, folder / copy.path)
        except NotFound as error:
            why = f"input {copy.path} of the container is not there: {copy.uri}"
            raise InvalidInput("InputNotFound", why, fix="run the task that made it again") from error


def _write_all(folder: Path, folders: list[str], texts: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for path in folders:
        (folder / path).mkdir(parents=True)
    for path, text in texts.items():
        (folder / path).write_bytes(text)
