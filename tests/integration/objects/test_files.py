"""Files of tasks in object stores: every store is used with nothing but what the environment says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
import pytest
from flyteidl.core import errors_pb2, literals_pb2
from tests.attempts.specs import literal_map
from tests.objects.proxy import Proxy
from tests.objects.servers import SERVERS, fresh

from alula import FlyteDirectory, FlyteFile, kwtypes
from alula.sdk import objects
from alula.sdk.store import FileStore
from alula.sdk.task_context.checkpoint import Checkpoint
from alula.sdk.task_context.context import make_context, running
from alula.sdk.types.engine import to_literal, to_python
from alula.server.blobs.options import ObjectOptions
from alula.server.blobs.stores import variables_for_tasks

TASKS = """
from alula import Deck, FlyteFile, task

@task(enable_deck=True)
def write(a: int) -> FlyteFile:
    Deck("Report", "<b>here</b>")
    file = FlyteFile.new("result.txt")
    with open(file, "w") as out:
        out.write(str(a))
    return file

@task
def fails(a: int) -> int:
    raise ValueError("not today")
"""


def variables(options: ObjectOptions) -> dict[str, str]:
    """What an attempt gets of a store."""
    return variables_for_tasks(options, {})


@pytest.fixture
def store(prefix: str, tmp_path: Path) -> FileStore:
    return FileStore(f"{prefix}/raw", str(tmp_path / "scratch"))


def test_a_new_file_and_a_new_folder_are_written_there(prefix: str, tmp_path: Path):
    context = make_context(
        execution_id=("p", "d", "e"),
        task_id=("p", "d", "t", "v"),
        attempt=0,
        working_directory=str(tmp_path),
        raw_output_prefix=f"{prefix}/raw",
    )
    with running(context):
        file, folder = FlyteFile.new_remote_file("a b.txt"), FlyteDirectory.new_remote()
        for each in (file, folder.new_file("c.txt")):
            with each.open("w") as out:
                out.write("one")
            with each.open("a") as out:
                out.write(" two")
        literals = to_literal(file, FlyteFile, context.store), to_literal(folder, FlyteDirectory, context.store)
    assert [each.scalar.blob.uri for each in literals] == [file.path, folder.path]
    with to_python(literals[0], FlyteFile, context.store).open() as written, file.open() as same:
        assert written.read() == same.read() == "one two"
    assert [name for _, name in to_python(literals[1], FlyteDirectory, context.store).crawl()] == ["c.txt"]


@pytest.mark.parametrize("name", ["plain.txt", "with space.txt", "50%.txt", "a#b?.txt", "\N{SNOWMAN}"])
def test_a_file_comes_back_under_its_name(store: FileStore, tmp_path: Path, name: str):
    (tmp_path / name).write_text("one\ntwo\n")
    literal = to_literal(FlyteFile(str(tmp_path / name)), FlyteFile, store)
    assert literal.scalar.blob.uri.endswith(f"/{name}")
    file = to_python(literal, FlyteFile, store)
    with file.open() as lines:
        assert lines.readlines() == ["one\n", "two\n"]
    with file.open("rb") as data:
        assert (data.seek(4), data.read(2), data.read()) == (4, b"tw", b"o\n")
    assert not (tmp_path / "scratch").exists()  # nothing was copied so far
    assert Path(file).read_text() == "one\ntwo\n"
    assert Path(file).name == name


def test_a_large_file_goes_in_parts(store: FileStore, tmp_path: Path):
    data = os.urandom(1 << 20) * 20
    (tmp_path / "large").write_bytes(data)
    uri = store.upload(str(tmp_path / "large"))
    assert Path(store.download(uri)).read_bytes() == data


def test_a_folder_comes_back_with_all_that_is_in_it(store: FileStore, tmp_path: Path):
    folder = tmp_path / "folder"
    (folder / "inner/empty").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "inner/b.txt").write_text("b")
    stored = to_python(to_literal(FlyteDirectory(str(folder)), FlyteDirectory, store), FlyteDirectory, store)
    first, inner = stored.listdir()
    assert isinstance(first, FlyteFile) and Path(first).read_text() == "a"
    assert isinstance(inner, FlyteDirectory)
    assert [type(each) for each in inner.listdir()] == [FlyteFile, FlyteDirectory]
    copy = Path(stored)
    assert sorted(str(path.relative_to(copy)) for path in copy.rglob("*")) == [
        "a.txt",
        "inner",
        "inner/b.txt",
        "inner/empty",
    ]


@pytest.mark.parametrize("library", [pd.DataFrame, pa.Table])
def test_of_a_frame_the_declared_columns_are_read(store: FileStore, library: type):
    frame = pd.DataFrame({"n": range(1000), "s": ["text"] * 1000})
    literal = to_literal(frame if library is pd.DataFrame else pa.Table.from_pandas(frame), library, store)
    assert len(to_python(literal, library, store)) == 1000
    read: Any = to_python(literal, Annotated[library, kwtypes(n=int)], store)  # of either library
    assert list(read.columns if library is pd.DataFrame else read.column_names) == ["n"]


def test_a_checkpoint_goes_to_the_next_attempt(prefix: str):
    first = Checkpoint(f"{prefix}/0/_flytecheckpoints", "")
    assert first.read() is None
    first.write(b"half")
    first.write(b"more")
    second = Checkpoint(f"{prefix}/1/_flytecheckpoints", f'"{prefix}/0/_flytecheckpoints"')
    assert second.has_previous
    assert second.read() == b"more"
    assert Checkpoint("", f"{prefix}/1/_flytecheckpoints").read() is None


def test_what_is_not_there_is_an_error_that_names_it(store: FileStore, prefix: str):
    for failing in (lambda: store.download(f"{prefix}/nothing"), lambda: objects.read(f"{prefix}/nothing")):
        with pytest.raises(FileNotFoundError, match=f"{prefix}/nothing"):
            failing()


def execute(prefix: str, folder: Path, options: ObjectOptions, name: str) -> subprocess.CompletedProcess[str]:
    """Run an attempt in a process that has the code, the package and the credentials, and nothing else."""
    (folder / "tasks.py").write_text(TASKS)
    words = ["--inputs", f"{prefix}/inputs.pb", "--output-prefix", f"{prefix}/0"]
    words += ["--raw-output-data-prefix", f"{prefix}/raw", "--", "task-module", "tasks", "task-name", name]
    return subprocess.run(
        [sys.executable, "-m", "alula.sdk.runtime.entrypoint", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **variables(options)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_attempt_needs_no_platform_to_run_on_a_store(
    prefix: str, tmp_path: Path, served: Callable[[str], ObjectOptions]
):
    options = next(each for each in map(served, SERVERS) if prefix.startswith(each.url))
    objects.write(f"{prefix}/inputs.pb", literal_map(a=7).SerializeToString())
    done = execute(prefix, tmp_path, options, "write")
    assert done.returncode == 0, done.stderr
    outputs = literals_pb2.LiteralMap.FromString(objects.read(f"{prefix}/0/outputs.pb"))
    uri = outputs.literals["o0"].scalar.blob.uri
    assert uri.startswith(f"{prefix}/raw/")
    assert objects.read(uri) == b"7"
    assert b"Report" in objects.read(f"{prefix}/0/deck.html")

    done = execute(prefix, tmp_path, options, "fails")
    assert done.returncode == 0, done.stderr
    error = errors_pb2.ErrorDocument.FromString(objects.read(f"{prefix}/0/error.pb")).error
    assert "not today" in error.message


def test_only_the_columns_that_are_read_are_fetched(
    tmp_path: Path, served: Callable[[str], ObjectOptions], monkeypatch: pytest.MonkeyPatch
):
    options = fresh(served("s3"))
    with Proxy(options.endpoint) as proxy:
        for name, value in {**variables(options), "AWS_ENDPOINT_URL": proxy.address}.items():
            monkeypatch.setenv(name, value)
        objects.buckets.cache_clear()
        store = FileStore(f"{options.url}/raw", str(tmp_path / "scratch"))
        frame = pd.DataFrame({"n": range(1000), "noise": [os.urandom(8000).hex() for _ in range(1000)]})
        literal = to_literal(frame, pd.DataFrame, store)
        before = proxy.answered_bytes
        to_python(literal, Annotated[pd.DataFrame, kwtypes(n=int)], store)
        assert proxy.answered_bytes - before < 4 << 20  # of 16 MB
    objects.buckets.cache_clear()
