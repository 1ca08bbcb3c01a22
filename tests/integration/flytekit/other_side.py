"""Values written and read by the unmodified flytekit, by order of `two_sides`: flytekit's Python runs this file.

Orders and answers are pickles on the standard streams. Types, and what is done with what was read, are expressions,
which both sides evaluate with their own names.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
from flyteidl.core import literals_pb2
from flytekit import StructuredDataset, kwtypes
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.data_persistence import FileAccessProvider
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal
from flytekit.types import directory, file, schema

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


def write(context: Any, type_: str, made: str, given: object) -> bytes:
    wanted = eval(type_, NAMES)
    value = eval(made, {**NAMES, "given": given})
    literal = TypeEngine.to_literal(context, value, wanted, TypeEngine.to_literal_type(wanted))
    return literal.to_flyte_idl().SerializeToString()


def read(context: Any, type_: str, used: str, literal: bytes) -> object:
    message = Literal.from_flyte_idl(literals_pb2.Literal.FromString(literal))
    return eval(used, {**NAMES, "value": TypeEngine.to_python_value(context, message, eval(type_, NAMES))})


def main(folder: str) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what flytekit prints is no answer
    context = FlyteContextManager.current_context()
    context = context.with_file_access(FileAccessProvider(folder, folder)).build()
    FlyteContextManager.push_context(context)
    does = {"write": write, "read": read}
    while True:
        try:
            name, *rest = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = (does[name](context, *rest), "")
        except Exception as error:  # noqa: BLE001 - each is an answer
            answer = (None, f"{type(error).__name__}: {error}")
        answers.write(pickle.dumps(answer))
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
