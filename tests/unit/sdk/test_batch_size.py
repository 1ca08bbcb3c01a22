"""`BatchSize`: so many files of a directory are moved at a time, and it is refused where it means nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from flyteidl.core import literals_pb2
from obstore.store import MemoryStore

from alula import BatchSize, FlyteDirectory, FlyteFile
from alula.core.errors import InvalidInput
from alula.sdk import objects
from alula.sdk.store import FileStore
from alula.sdk.types.engine import to_literal, to_python, transformer_for
from alula.sdk.types.transformer import UnsupportedType

FILES = 12


class Moves:
    """Lets nothing go on until as many files are moved at the same time as may be."""

    def __init__(self, expected: int) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._all = threading.Barrier(expected)

    def watched(self, move: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def moving(source: str, target: str) -> None:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            self._all.wait(timeout=60)
            move(source, target)
            with self._lock:
                self._now -= 1

        return moving


@pytest.fixture
def store(tmp_path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    bucket = MemoryStore()
    monkeypatch.setattr(objects, "buckets", lambda _scheme, _name: bucket)
    return FileStore("s3://bucket/raw", str(tmp_path / "scratch"))


@pytest.mark.parametrize(
    ("type_", "at_once"),
    [(Annotated[FlyteDirectory, BatchSize(3)], 3), (Annotated[FlyteDirectory[Literal["png"]], BatchSize(1)], 1)],
)
def test_so_many_files_are_moved_at_a_time(type_: Any, at_once: int, store, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(FILES):
        (folder / str(number)).write_text(str(number))
    stored = Moves(at_once)
    monkeypatch.setattr(objects, "_upload_file", stored.watched(objects._upload_file))
    literal = literals_pb2.Literal.FromString(to_literal(FlyteDirectory(str(folder)), type_, store).SerializeToString())
    fetched = Moves(at_once)
    monkeypatch.setattr(objects, "_download_into", fetched.watched(objects._download_into))
    back: Any = to_python(literal, type_, store)
    assert sorted(path.read_text() for path in (back / "").iterdir()) == sorted(map(str, range(FILES)))
    assert (stored.most, fetched.most) == (at_once, at_once)


@pytest.mark.parametrize("type_", [int, FlyteFile, list[FlyteDirectory]])
def test_it_is_refused_where_it_means_nothing(type_: Any) -> None:
    with pytest.raises(UnsupportedType, match="`BatchSize` says how many files of a `FlyteDirectory`"):
        transformer_for(Annotated[type_, BatchSize(2)])


@pytest.mark.parametrize("size", [0, -1, True, "2"])
def test_a_size_is_a_number_from_one_on(size: Any) -> None:
    with pytest.raises(InvalidInput, match=r"`BatchSize` is .*, expected a number from 1 on"):
        BatchSize(size)
