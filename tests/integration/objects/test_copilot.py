"""The copilot of raw containers, which moves files from and to each kind of object store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flyteidl.core import errors_pb2, literals_pb2, tasks_pb2, types_pb2
from tests.attempts.raw import blob, blob_type

from alula.copilot import main as copilot
from alula.sdk import objects


def task(**outputs: types_pb2.LiteralType) -> tasks_pb2.TaskTemplate:
    found = tasks_pb2.TaskTemplate(type="raw-container")
    found.container.data_config.enabled = True
    for name, kind in outputs.items():
        found.interface.outputs.variables[name].type.CopyFrom(kind)
    return found


def download(prefix: str, to: Path, **inputs: literals_pb2.Literal) -> int:
    objects.write(f"{prefix}/task.pb", task().SerializeToString())
    objects.write(f"{prefix}/inputs.pb", literals_pb2.LiteralMap(literals=inputs).SerializeToString())
    words = ("--task", f"{prefix}/task.pb", "--inputs", f"{prefix}/inputs.pb")
    return copilot.main(["download", "--to", str(to), *words])


def upload(prefix: str, folder: Path, of: tasks_pb2.TaskTemplate) -> int:
    objects.write(f"{prefix}/task.pb", of.SerializeToString())
    results = ("--output-prefix", f"{prefix}/0", "--raw-output-data-prefix", f"{prefix}/raw")
    return copilot.main(["upload", "--from", str(folder), "--task", f"{prefix}/task.pb", *results])


def test_files_and_folders_are_brought(prefix: str, tmp_path: Path) -> None:
    for name in ("file", "folder/a", "folder/deep/b"):
        objects.write(f"{prefix}/{name}", name.encode())
    inputs = {"file": blob(f"{prefix}/file"), "folder": blob(f"{prefix}/folder", is_folder=True)}
    assert download(prefix, tmp_path, **inputs) == 0
    assert (tmp_path / "file").read_text() == "file"
    assert (tmp_path / "folder/deep/b").read_text() == "folder/deep/b"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder", "inputs.json", "inputs.pb"]
    assert json.loads((tmp_path / "inputs.json").read_text())["file"] == "/var/flyte/inputs/file"


def test_files_and_folders_are_taken_away(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "folder/deep").mkdir(parents=True)
    (tmp_path / "folder/deep/b").write_text("of b")
    (tmp_path / "folder/link").symlink_to("/etc/passwd")
    (tmp_path / "number").write_text("7\n")
    of = task(folder=blob_type(is_folder=True), number=types_pb2.LiteralType(simple=types_pb2.INTEGER))
    assert upload(prefix, tmp_path, of) == 0
    found = literals_pb2.LiteralMap.FromString(objects.read(f"{prefix}/0/outputs.pb")).literals
    assert found["number"].scalar.primitive.integer == 7
    assert found["folder"].scalar.blob.uri == f"{prefix}/raw/folder"
    assert objects.listed(f"{prefix}/raw/folder") == {"deep/b": 4}


def test_a_failure_of_the_container_is_a_result(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "error.pb").write_text("no luck\n")
    assert upload(prefix, tmp_path, task()) == 0
    error = errors_pb2.ErrorDocument.FromString(objects.read(f"{prefix}/0/error.pb")).error
    assert (error.code, error.message) == ("ContainerSays", "no luck")


def test_what_keeps_it_from_its_work_is_told_beside_the_store(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "termination-log"
    told.touch()
    monkeypatch.setattr(copilot, "TERMINATION_LOG", str(told))
    (tmp_path / "in").mkdir()
    assert download(prefix, tmp_path / "in", x=blob(f"{prefix}/gone")) == 1
    code, message, kind, recoverable, _ = json.loads(told.read_bytes())
    assert (code, kind, recoverable) == ("InputNotFound", "USER", False)
    assert message.startswith("input x of the container is not there")
