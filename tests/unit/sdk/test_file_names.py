"""Files and folders keep their names, whichever the file system allows; links are followed, not into circles."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from flyteidl.core import literals_pb2 as pb

from alula import FlyteDirectory, FlyteFile
from alula.sdk.store import FileStore, local_path, name_of
from alula.sdk.types.engine import to_literal, to_python
from alula.sdk.types.transformer import TypeMismatch

NAMES = [
    "report #3.csv",
    "what?.txt",
    "100%.txt",
    "50%25.txt",
    "a b.txt",
    "two\nlines",
    "é€.txt",
    os.fsdecode(b"caf\xe9.txt"),
    "a&b=c;d.txt",
    "file:x",
    "~tilde",
    " lead and trail ",
]


@dataclass
class Holder:
    file: FlyteFile
    path: Path


@pytest.fixture
def store(tmp_path):
    return FileStore(str(tmp_path / "raw"), str(tmp_path / "work"))


def sent(value, type_, store):
    return to_python(pb.Literal.FromString(to_literal(value, type_, store).SerializeToString()), type_, store)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_keeps_its_name(name, store, tmp_path):
    (tmp_path / name).write_text("content")
    back = sent(FlyteFile(str(tmp_path / name)), FlyteFile, store)
    with back.open() as file:
        assert file.read() == "content"
    assert os.path.basename(back.download()) == name
    assert sent(tmp_path / name, Path, store).name == name
    held = sent(Holder(FlyteFile(str(tmp_path / name)), tmp_path / name), Holder, store)
    assert os.path.basename(held.file.download()) == held.path.name == name
    stays = sent(FlyteFile(str(tmp_path / name), remote_path=False), FlyteFile, store)
    assert Path(stays.download()).read_text() == "content"


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_keeps_its_name_and_those_inside(name, store, tmp_path):
    (tmp_path / name / name / "empty").mkdir(parents=True)
    (tmp_path / name / name / name).write_text("content")
    back = sent(FlyteDirectory(str(tmp_path / name)), FlyteDirectory, store)
    assert os.path.basename(back.download()) == name
    assert (Path(back.download()) / name / name).read_text() == "content"
    assert (Path(back.download()) / name / "empty").is_dir()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_url_is_quoted(name, store, tmp_path):
    (tmp_path / name).write_text("content")
    assert local_path((tmp_path / name).as_uri()) == str(tmp_path / name)
    file = FlyteFile.of_stored((tmp_path / name).as_uri(), store)
    assert os.path.basename(file.download()) == name


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://host/a/report%20%233.csv?signature=x#top", "report #3.csv"),
        ("https://host/", "data"),
        ("s3://bucket/a%20b#c", "a%20b#c"),
        ("/a/b%20c", "b%20c"),
        ("file:///a/b%20c", "b c"),
    ],
)
def test_the_name_in_a_uri(uri, name):
    assert name_of(uri) == name


def test_links_in_a_folder_are_followed(store, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text("a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "elsewhere")
    back = sent(FlyteDirectory(str(tmp_path / "folder")), FlyteDirectory, store)
    copied = Path(back.download()) / "link"
    assert not copied.is_symlink()
    assert (copied / "a.txt").read_text() == "a"


@pytest.mark.parametrize("target", [".", "..", "../other"])
def test_links_in_a_circle_are_refused(target, store, tmp_path):
    for name, back in (("folder", target), ("other", "../folder")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "link").symlink_to(back)
    with pytest.raises(TypeMismatch, match=r"alone, got one in which .* is a link to a folder that contains it"):
        to_literal(FlyteDirectory(str(tmp_path / "folder")), FlyteDirectory, store)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.symlink_to("nowhere"), "is a link that leads nowhere"),
        (os.mkfifo, "is a pipe, a socket or a device"),
    ],
    ids=["link", "pipe"],
)
def test_what_can_not_be_copied_is_refused(make, told, store, tmp_path):
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    make(tmp_path / "folder" / "inside" / "odd")
    with pytest.raises(TypeMismatch, match=f"alone, got one in which .*odd {told}"):
        to_literal(FlyteDirectory(str(tmp_path / "folder")), FlyteDirectory, store)
