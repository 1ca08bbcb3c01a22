"""Reading specifications from files, folders and archives, also from those that mean no good."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import MessageToDict
from tests.graphs import task

from alula.cli.specification_files import Files, Limits, read_files
from alula.core.errors import InvalidInput, NotFound

SPECIFICATION = task_pb2.TaskSpec(template=task("t"))
BINARY = SPECIFICATION.SerializeToString()
DOCUMENT = json.dumps(MessageToDict(SPECIFICATION))


def write_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def names(files: Files) -> list[str]:
    return [source.file for source in files.sources]


def codes(files: Files) -> list[tuple[str, str]]:
    return [(error.file, error.code) for error in files.errors]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.pb", BINARY),
        ("0_t_1.pb", BINARY),
        ("t", BINARY),
        ("t.json", DOCUMENT.encode()),
        ("t", DOCUMENT.encode()),
        ("t.json", b"\xef\xbb\xbf" + DOCUMENT.encode()),
        ("t.yaml", DOCUMENT.encode()),
        ("t.yml", b"template:\n  id: {resource_type: TASK, name: t, project: p, domain: d, version: v}\n"),
    ],
)
def test_a_single_file(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    files = read_files(path)
    assert (names(files), files.errors, files.others) == ([name], [], [])
    specification = files.sources[0].specification
    assert isinstance(specification, task_pb2.TaskSpec)
    assert specification.template.id == SPECIFICATION.template.id


def test_a_folder_with_folders_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.pb", "a.pb", "b/1.json", ".hidden/3.pb"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(DOCUMENT.encode() if name.endswith("json") else BINARY)
    (tmp_path / "code.tar.gz").write_bytes(b"")
    (tmp_path / "package.json").write_text('{"name": "web"}')
    files = read_files(tmp_path)
    assert (names(files), files.errors) == (["a.pb", "b/1.json", "b/2.pb"], [])
    assert files.others == ["code.tar.gz", "package.json"]


@pytest.mark.parametrize("name", ["p.tgz", "p.tar.gz", "p.tar", "p.gz"])
def test_an_archive_with_other_things_in_it(tmp_path: Path, name: str) -> None:
    members = {"1_t_1.pb": BINARY, "./0_t_1.pb": BINARY, "fast1.tar.gz": b"code"}
    files = read_files(write_archive(tmp_path / name, members))
    assert (names(files), files.errors, files.others) == (["0_t_1.pb", "1_t_1.pb"], [], ["fast1.tar.gz"])


def test_links_and_devices_in_an_archive_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "p.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in (("link.pb", tarfile.SYMTYPE), ("hard.pb", tarfile.LNKTYPE), ("fifo.pb", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        member = tarfile.TarInfo("t.pb")
        member.size = len(BINARY)
        archive.addfile(member, io.BytesIO(BINARY))
    files = read_files(path)
    assert (names(files), files.errors, files.others) == (["t.pb"], [], ["link.pb", "hard.pb", "fifo.pb"])


@pytest.mark.parametrize("name", ["../t.pb", "/etc/t.pb", "a/../../t.pb", "..\\t.pb"])
def test_a_member_outside_the_archives_folder_is_refused(tmp_path: Path, name: str) -> None:
    files = read_files(write_archive(tmp_path / "p.tgz", {name: BINARY, "good.pb": BINARY}))
    assert (names(files), codes(files)) == (["good.pb"], [(name, "UnsafeArchive")])


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "p.tgz", {"t.pb": BINARY, "zeros": bytes(2**21), "z.pb": BINARY})
    files = read_files(path, Limits(archive_bytes=2**20))
    assert (names(files), codes(files)) == ([], [("p.tgz", "UnsafeArchive")])


def test_a_member_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "p.tgz", {"a.pb": bytes(1001), "t.pb": BINARY})
    files = read_files(path, Limits(file_bytes=1000))
    assert (names(files), codes(files)) == (["t.pb"], [("a.pb", "UnsafeArchive")])


@pytest.mark.parametrize("kept", [0, 5, 60, -8, -1])
def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    path = write_archive(tmp_path / "p.tgz", {f"{number}.pb": BINARY + os.urandom(40_000) for number in range(3)})
    path.write_bytes(path.read_bytes()[:kept])
    files = read_files(path)
    assert (names(files), codes(files)[-1]) == ([], ("p.tgz", "BadArchive"))


def test_what_is_packed_but_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.pb.gz"
    path.write_bytes(gzip.compress(BINARY))
    assert codes(read_files(path)) == [("t.pb.gz", "BadArchive")]


LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\ntemplate: {id: *b}\n"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("t.pb", b"", "NotASpecification"),
        ("t.pb", b"\xff\xfe rubbish", "NotASpecification"),
        ("t.json", b"{", "BadSpecification"),
        ("t.json", b"\xff", "BadSpecification"),
        ("t.json", b"[" * 100_000, "BadSpecification"),
        ("t.json", b'{"name": "t"}', "NotASpecification"),
        ("t.json", b'{"template": {"id": {"name": "t"}, "tpye": "x"}}', "BadSpecification"),
        ("t.yaml", b"a: [", "BadSpecification"),
        ("t.yaml", b"{" * 10_000, "BadSpecification"),
        ("t.yaml", LAUGHS.encode(), "BadSpecification"),
        ("t.yaml", b"a: 1\n---\nb: 2\n", "BadSpecification"),
        ("t.yaml", b"!!python/object/apply:os.system ['true']", "BadSpecification"),
    ],
)
def test_a_file_that_can_not_be_read_says_so(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert codes(read_files(path)) == [(name, code)]


def test_times_in_yaml_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("template: {id: {name: t, version: 2026-01-31}, type: python-task}\n")
    specification = read_files(path).sources[0].specification
    assert isinstance(specification, task_pb2.TaskSpec)
    assert specification.template.id.version == "2026-01-31"


def test_a_broken_file_of_several_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.pb").write_bytes(b"\xff")
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.pb").write_bytes(BINARY)
    files = read_files(tmp_path)
    assert (names(files), codes(files)) == (["c.pb"], [("a.pb", "NotASpecification"), ("b.json", "BadSpecification")])


@pytest.mark.parametrize("alone", [True, False])
def test_a_file_that_is_too_large_is_named(tmp_path: Path, alone: bool) -> None:
    path = tmp_path / "t.pb"
    path.write_bytes(bytes(1001))
    files = read_files(path if alone else tmp_path, Limits(file_bytes=1000))
    assert codes(files) == [("t.pb", "BadSpecification")]


def test_python_code_is_told_what_to_do_instead(tmp_path: Path) -> None:
    path = tmp_path / "flow.py"
    path.write_text("raise SystemExit('imported')")
    with pytest.raises(InvalidInput, match="alula register --dry-run"):
        read_files(path)
    with pytest.raises(InvalidInput, match="alula register --dry-run"):
        read_files(tmp_path)


def test_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no specification"):
        read_files(tmp_path)
    with pytest.raises(InvalidInput, match="no specification"):
        read_files(write_archive(tmp_path / "p.tgz", {}))
    with pytest.raises(NotFound):
        read_files(tmp_path / "nowhere")
