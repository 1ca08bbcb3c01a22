"""Attempts of raw containers, which find their inputs in /in and leave their outputs in /out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import msgspec
import yaml
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2

from alula.server.executor import AttemptSpec

SIMPLE = types_pb2.SimpleType
Kind: TypeAlias = "types_pb2.LiteralType | types_pb2.SimpleType"
INPUTS = {
    "count": literals_pb2.Literal(scalar={"primitive": {"integer": 7}}),
    "name": literals_pb2.Literal(scalar={"primitive": {"string_value": "Ada\n"}}),
    "maybe": literals_pb2.Literal(scalar={"none_type": {}}),
}


def raw(
    spec: AttemptSpec, does: str, *, form: str = "JSON", inputs: dict | None = None, **outputs: Kind
) -> AttemptSpec:
    """The attempt with a script in the place of its command, and files in that of its inputs and outputs."""
    task = spec.task
    task.container.command[:] = ["sh", "-c", does]
    task.container.data_config.CopyFrom(
        tasks_pb2.DataLoadingConfig(enabled=True, input_path="/in", output_path="/out/", format=form)
    )
    for name, kind in outputs.items():
        wanted = kind if isinstance(kind, types_pb2.LiteralType) else types_pb2.LiteralType(simple=kind)
        task.interface.outputs.variables[name].type.CopyFrom(wanted)
    values = literals_pb2.LiteralMap(literals=INPUTS if inputs is None else inputs)
    return msgspec.structs.replace(spec, inputs=values.SerializeToString())


def blob_type(*, is_folder: bool = False) -> types_pb2.LiteralType:
    shape = types_pb2.BlobType.MULTIPART if is_folder else types_pb2.BlobType.SINGLE
    return types_pb2.LiteralType(blob=types_pb2.BlobType(format="txt", dimensionality=shape))


def blob(uri: Path | str, *, is_folder: bool = False) -> literals_pb2.Literal:
    metadata = literals_pb2.BlobMetadata(type=blob_type(is_folder=is_folder).blob)
    return literals_pb2.Literal(scalar={"blob": literals_pb2.Blob(uri=str(uri), metadata=metadata)})


def check_documents(folder: Path, form: str) -> None:
    """All of `INPUTS` are in the documents of a folder: in FlyteIDL's and, beside it, in one of the form."""
    proto = literals_pb2.LiteralMap.FromString((folder / "inputs.pb").read_bytes())
    assert dict(proto.literals) == INPUTS
    plain = {"count": 7, "name": "Ada\n", "maybe": None}
    if form == "JSON":
        assert json.loads((folder / "inputs.json").read_text()) == plain
    elif form == "YAML":
        assert yaml.safe_load((folder / "inputs.yaml").read_text()) == plain
    assert len(list(folder.iterdir())) == (1 if form == "PROTO" else 2)


BAD_OUTPUTS = [
    ("true", SIMPLE.INTEGER, "OutputsNotFound", True, "wrote no /out/x for output x"),
    ("echo seven > /out/x", SIMPLE.INTEGER, "OutputsMismatch", False, "'seven' is no integer"),
    ("mkdir /out/x", SIMPLE.INTEGER, "OutputsNotReadable", True, "a folder"),
    ("ln -s /etc/passwd /out/x", SIMPLE.STRING, "OutputsNotReadable", True, "link"),
    ("ln -s / /out/x", blob_type(is_folder=True), "OutputsMismatch", False, "it is a file"),
    ("mkfifo /out/x", blob_type(), "OutputsNotReadable", True, "pipe"),
    ("mkdir /out/x", blob_type(), "OutputsMismatch", False, "it is no file"),
    ("echo no luck > /out/error.pb; echo 1 > /out/x", SIMPLE.INTEGER, "ContainerSays", False, "no luck"),
    ("echo 1 > /out/x; exit 3", SIMPLE.INTEGER, "ExitCode", True, "status 3"),
    ("dd if=/dev/zero of=/out/x bs=1M count=2", SIMPLE.STRING, "OutputsNotReadable", True, "bytes"),
]
"""What a container does, the type of its output `x`, and the failure: code, whether another attempt may help, text."""
