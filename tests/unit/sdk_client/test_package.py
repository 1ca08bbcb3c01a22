"""Packing a code folder: what goes in, and that content alone decides the bytes."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import types
from pathlib import Path

import pytest

from alula.core.errors import InvalidInput
from alula.sdk.client.ignore import is_ignored, rules
from alula.sdk.client.package import code_in, imported_files, package


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in code_in(root).files]


def test_the_same_files_give_the_same_bytes(tmp_path):
    one = package(write(tmp_path / "one", "a.py", "pkg/b.py"))
    two = package(write(tmp_path / "two", "pkg/b.py", "a.py"))
    os.utime(tmp_path / "two" / "a.py", (1, 1))
    assert one.data == package(tmp_path / "two").data == two.data
    assert one.digest == two.digest


def test_another_content_name_or_mode_gives_another_digest(tmp_path):
    root = write(tmp_path, "a.py")
    digests = {package(root).digest}
    (root / "a.py").chmod(0o755)
    digests.add(package(root).digest)
    (root / "a.py").write_text("changed")
    digests.add(package(root).digest)
    (root / "a.py").rename(root / "b.py")
    digests.add(package(root).digest)
    assert len(digests) == 4


def test_the_archive_has_the_files(tmp_path):
    bundle = package(write(tmp_path, "a.py", "pkg/b.py"))
    with tarfile.open(fileobj=io.BytesIO(bundle.data)) as archive:
        assert archive.getnames() == ["a.py", "pkg/b.py"]
        file = archive.extractfile("pkg/b.py")
        assert file is not None
        assert file.read() == b"pkg/b.py"


def test_what_is_never_code_stays_out(tmp_path):
    write(tmp_path, "a.py", "__pycache__/a.pyc", ".git/config", ".venv/x.py", "env/pyvenv.cfg", "env/y.py", "b.pyc")
    write(tmp_path, "platform/server.lock", "platform/objects/o")
    assert names(tmp_path) == ["a.py"]


def test_secrets_stay_out_unless_they_are_asked_for(tmp_path):
    write(tmp_path, "a.py", ".env", ".env.local", "tls/server.key", "tls/ca.pem", "id_rsa", ".ssh/config", "pkg/.env")
    assert names(tmp_path) == ["a.py"]
    (tmp_path / ".flyteignore").write_text("!ca.pem\n!/.env\n")
    assert names(tmp_path) == [".env", ".flyteignore", "a.py", "tls/ca.pem"]


def test_ignore_files_are_heeded_each_in_its_own_way(tmp_path):
    write(tmp_path, "a.py", "data/big.csv", "keep.csv", "pkg/big.csv", "pkg/tmp/x", "deep/tmp/y", "tmp/z")
    (tmp_path / ".gitignore").write_text("*.csv\n!keep.csv\n")
    (tmp_path / ".dockerignore").write_text("tmp\n")
    (tmp_path / "pkg" / ".gitignore").write_text("tmp/\n")
    packed = [name for name in names(tmp_path) if "ignore" not in name]
    assert packed == ["a.py", "deep/tmp/y", "keep.csv"]


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("*.log", "a/b.log", True),
        ("/*.log", "a/b.log", False),
        ("a/*.log", "a/b.log", True),
        ("a/*.log", "a/c/b.log", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("**/b", "x/b", True),
        ("a/**", "a/x/y", True),
        ("f?o", "foo", True),
        ("f[ao]o", "fao", True),
        ("f[!a]o", "fao", False),
        ("\\#x", "#x", True),
        ("# comment", "# comment", False),
        ("trailing ", "trailing", True),
    ],
)
def test_patterns_mean_what_they_mean_to_git(pattern, path, ignored):
    assert is_ignored(path, rules([pattern]), is_folder=False) is ignored


def test_a_pattern_with_a_slash_at_its_end_is_for_folders():
    assert is_ignored("build", rules(["build/"]), is_folder=True)
    assert not is_ignored("build", rules(["build/"]), is_folder=False)


def test_too_much_code_is_refused_naming_the_largest_files(tmp_path):
    write(tmp_path, "a.py")
    (tmp_path / "model.bin").write_bytes(bytes(3 * 1024 * 1024))
    with pytest.raises(InvalidInput) as raised:
        package(tmp_path, limit_bytes=1024 * 1024)
    assert raised.value.code == "CodeTooLarge"
    assert "model.bin (3.0 MiB)" in raised.value.message
    assert ".flyteignore" in raised.value.fix


def test_only_modules_of_the_folder_count_as_imported(tmp_path):
    write(tmp_path, "a.py", "b.py", ".venv/lib/c.py")

    def module(path: str) -> types.ModuleType:
        made = types.ModuleType("m")
        made.__file__ = path
        return made

    modules = [module(str(tmp_path / "a.py")), module(str(tmp_path / ".venv/lib/c.py")), sys, os]
    assert imported_files(tmp_path, modules) == [tmp_path / "a.py"]


def test_linked_and_empty_folders_are_packed(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "helper.py").write_text("X = 1\n")
    root = tmp_path / "root"
    (root / "templates").mkdir(parents=True)
    (root / "flow.py").write_text("")
    (root / "linked").symlink_to(shared)
    with tarfile.open(fileobj=io.BytesIO(package(root).data)) as archive:
        members = {member.name: member for member in archive}
    assert sorted(members) == ["flow.py", "linked/helper.py", "templates"]
    assert members["templates"].isdir()
    assert members["linked/helper.py"].isfile()


def test_what_has_no_content_is_left_out_and_named(tmp_path):
    write(tmp_path, "flow.py", "ignored/x.py")
    (tmp_path / ".flyteignore").write_text("ignored/\n*.lock\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "gone").symlink_to("/nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "ignored" / "gone").symlink_to("/nowhere")
    (tmp_path / "a.lock").symlink_to("/nowhere")
    bundle = package(tmp_path)
    assert bundle.files == 2
    assert bundle.left_out == (
        "'data/gone' (a link that leads nowhere)",
        "'loop' (a link that leads nowhere)",
        "'pipe' (a pipe, a socket or a device)",
    )
    assert bundle.warning.startswith(f"not packed from {tmp_path}: 'data/gone' (a link that leads nowhere), 'loop'")


def test_many_that_are_left_out_are_counted(tmp_path):
    write(tmp_path, "flow.py")
    assert not package(tmp_path).warning
    for number in range(1007):
        (tmp_path / f"{number}").symlink_to("/nowhere")
    assert ", '1000' (a link that leads nowhere) and 1,002 more; remove them" in package(tmp_path).warning


def test_a_link_that_leads_back_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match=r"a/back is a link to a folder that contains it"):
        package(tmp_path)


def test_a_name_that_is_no_text_is_packed(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9 #1.txt")).write_text("x")
    with tarfile.open(fileobj=io.BytesIO(package(tmp_path).data), errors="surrogateescape") as archive:
        assert archive.getnames() == [os.fsdecode(b"caf\xe9 #1.txt")]


@pytest.mark.parametrize("name", ["random.py", "html/__init__.py", "signal.py"])
def test_a_file_that_would_replace_a_module_of_python_is_refused(name, tmp_path):
    write(tmp_path, "flow.py", name, "deeper/tempfile.py")
    with pytest.raises(InvalidInput, match=f"`{name}` in .* has the name of a module of Python's library"):
        package(tmp_path)
    (tmp_path / ".flyteignore").write_text(f"/{name}\n")
    assert package(tmp_path).files > 0
