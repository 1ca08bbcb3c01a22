"""A value that flytekit and Alula both write, and that each of them reads of both."""

from __future__ import annotations

import pickle
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pandas as pd
import pyarrow as pa
from flyteidl.core import literals_pb2

from alula import StructuredDataset, kwtypes
from alula.sdk.store import FileStore
from alula.sdk.types.engine import to_literal, to_python
from alula.types import directory, file, schema

NAMES: dict[str, Any] = {
    "Annotated": Annotated,
    "Path": Path,
    "StructuredDataset": StructuredDataset,
    "directory": directory,
    "file": file,
    "kwtypes": kwtypes,
    "pa": pa,
    "pd": pd,
    "schema": schema,
}
OTHER_SIDE = Path(__file__).with_name("other_side.py")


class Outcome(NamedTuple):
    """What came of a value: an answer, or why there is none."""

    answer: Any
    refused: str = ""


class Case(NamedTuple):
    """A type, how its value is made of what is `given`, and what is looked at of the `value` that is read."""

    type: str
    used: str = "value"
    made: str = "given"
    read_as: str = ""
    """Another type than it was written as."""


class TwoSides:
    """flytekit in its own process, and Alula in this one."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._store = FileStore(str(folder / "raw"), str(folder))

    def of_flytekit(self, case: Case, given: object) -> tuple[Outcome, Outcome]:
        """What flytekit writes, as flytekit and as we read it."""
        return self._read_by_both(case, self._ask("write", case.type, case.made, given))

    def of_ours(self, case: Case, given: object) -> tuple[Outcome, Outcome]:
        """What we write, as flytekit and as we read it."""
        value = eval(case.made, {**NAMES, "given": given})
        written = to_literal(value, eval(case.type, NAMES), self._store).SerializeToString()
        return self._read_by_both(case, Outcome(written))

    def _read_by_both(self, case: Case, written: Outcome) -> tuple[Outcome, Outcome]:
        if written.refused:
            return written, written
        type_ = case.read_as or case.type
        message = literals_pb2.Literal.FromString(written.answer)
        value = to_python(message, eval(type_, NAMES), self._store)
        ours = Outcome(eval(case.used, {**NAMES, "value": value}))
        return self._ask("read", type_, case.used, written.answer), ours

    def _ask(self, *order: object) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(pickle.dumps(order))
        self._process.stdin.flush()
        return Outcome(*pickle.load(self._process.stdout))


@contextmanager
def both(flytekit_bin: Path, folder: Path) -> Iterator[TwoSides]:
    """Both sides, with a folder for what they write."""
    words = [flytekit_bin / "python", OTHER_SIDE, folder / "flytekit"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        yield TwoSides(process, folder)
        assert process.stdin is not None
        process.stdin.close()
