"""Working folders and shared copies of code, with a real kernel that tells of changes."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.unit.server.test_removal import deepen

from alula.server.executors.process import changes, copies
from alula.server.executors.process.copies import NO_CODE, Code, CodeChanged, marks_of
from alula.server.executors.process.shared_code import SharedCode
from alula.server.executors.process.work_folders import WorkFolders

FILES = {"flow.py": "x = 1", "data/a.csv": "a", "data/deep/b.csv": "b"}


def code_at(folder: Path) -> Code:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "empty").mkdir()
    (folder / "run.sh").write_text("")
    (folder / "run.sh").chmod(0o555)
    (folder / "link.csv").symlink_to("data/a.csv")
    return Code(str(folder), marks_of(str(folder)))


def picture(folder: str) -> dict[str, object]:
    """All that a task could see of a folder."""
    found: dict[str, object] = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        else:
            found[name] = (path.is_dir() or path.read_text(), path.stat().st_mode | 0o200)
    return found


def with_folders(tmp_path: Path, scenario: Callable[[WorkFolders, Code], Awaitable[None]]) -> None:
    async def run():
        code = code_at(tmp_path / "code")
        folders = WorkFolders(tmp_path / "work")
        folders.remove_all()
        await scenario(folders, code)
        await folders.close()
        assert list(folders.folder.iterdir()) == []
        assert picture(code.folder) == picture(str(code_at(tmp_path / "again").folder))

    asyncio.run(run())


async def next_of(folders: WorkFolders, code: Code) -> str:
    """The folder that the next attempt gets once all is clean."""
    while folders.is_cleaning:
        await asyncio.sleep(0)
    return await folders.made(code)


def in_place(path: str) -> None:
    """Written without a change of its size or times."""
    found = os.stat(path)
    with open(path, "r+") as file:
        file.write("z")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def by_a_hard_link(path: str) -> None:
    os.link(f"{path}/data/a.csv", f"{path}/../outside")
    with open(f"{path}/../outside", "w") as file:
        file.write("z")
    os.unlink(f"{path}/../outside")


CHANGES = {
    "a file": lambda path: Path(path, "out.txt").write_text("1"),
    "many files": lambda path: [Path(path, f"{i}").write_text("1") for i in range(100)],
    "a folder": lambda path: Path(path, "new/deep").mkdir(parents=True),
    "a folder and not any more": lambda path: (Path(path, "new").mkdir(), Path(path, "new").rmdir()),
    "overwritten": lambda path: Path(path, "data/a.csv").write_text("z"),
    "in place": lambda path: in_place(f"{path}/data/deep/b.csv"),
    "truncated": lambda path: os.truncate(f"{path}/flow.py", 0),
    "hard link": by_a_hard_link,
    "removed": lambda path: os.unlink(f"{path}/data/a.csv"),
    "renamed": lambda path: os.rename(f"{path}/data/a.csv", f"{path}/b.csv"),
    "replaced by a folder": lambda path: (os.unlink(f"{path}/flow.py"), os.mkdir(f"{path}/flow.py")),
    "replaced by a link": lambda path: (os.unlink(f"{path}/flow.py"), os.symlink("/proc/version", f"{path}/flow.py")),
    "folder removed": lambda path: shutil.rmtree(f"{path}/data"),
    "folder moved": lambda path: os.rename(f"{path}/data", f"{path}/other"),
    "folder swapped": lambda path: (os.rename(f"{path}/data", f"{path}/x"), os.symlink(f"{path}/x", f"{path}/data")),
    "rights": lambda path: os.chmod(f"{path}/run.sh", 0o777),
    "no rights": lambda path: (Path(path, "new").mkdir(), Path(path, "new/x").touch(), os.chmod(f"{path}/new", 0)),
    "pipe": lambda path: os.mkfifo(f"{path}/pipe"),
    "itself": lambda path: os.chmod(path, 0),
    "gone": shutil.rmtree,
    "odd names": lambda path: Path(os.fsdecode(os.fsencode(path) + b"/\xff\n")).touch(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("is_watched", [True, False], ids=["watched", "unwatched"])
def test_the_next_attempt_sees_nothing_of_what_the_one_before_changed(tmp_path, change, is_watched, monkeypatch):
    if not is_watched:
        monkeypatch.setattr(changes.Changes, "watch", lambda self, folder: self._unwatched.add(folder))

    async def scenario(folders: WorkFolders, code: Code):
        first = await folders.made(code)
        fresh = picture(first)
        assert fresh == picture(code.folder)
        for _ in range(2):
            folder = await next_of(folders, code)
            change(folder)
            folders.give_back(folder)
            last = await next_of(folders, code)
            assert last != first
            assert picture(last) == fresh
            folders.give_back(last)

    with_folders(tmp_path, scenario)


def test_a_folder_that_was_left_clean_is_used_again_at_once(tmp_path):
    async def scenario(folders: WorkFolders, code: Code):
        for each in (code, NO_CODE):
            first = await folders.made(each)
            for path in Path(first).rglob("*.csv"):
                path.read_text()
            folders.give_back(first)
            assert folders.take(each) == first
            assert folders.take(each) == ""

    with_folders(tmp_path, scenario)


def test_a_folder_is_restored_at_the_cost_of_what_was_changed(tmp_path):
    async def scenario(folders: WorkFolders, code: Code):
        first = await folders.made(code)
        kept = os.stat(f"{first}/flow.py").st_ino
        Path(first, "data/a.csv").write_text("z")
        folders.give_back(first)
        assert await next_of(folders, code) == first
        assert os.stat(f"{first}/flow.py").st_ino == kept

    with_folders(tmp_path, scenario)


def test_folders_deeper_than_recursion_bears_are_removed_at_the_start(tmp_path):
    folders = WorkFolders(tmp_path)
    (folders.folder / "7").mkdir(parents=True)
    deepen(folders.folder / "7")
    folders.remove_all()
    assert list(folders.folder.iterdir()) == []


def test_a_folder_that_can_not_be_removed_is_never_used_again(tmp_path, monkeypatch):
    async def scenario(folders: WorkFolders, code: Code):
        first = await folders.made(code)
        Path(first, "stuck").write_text("x")
        with monkeypatch.context() as patch:
            patch.setattr(copies.os, "unlink", refuse)
            patch.setattr(copies.os, "rmdir", refuse)
            folders.give_back(first)
            while folders.is_cleaning:
                await asyncio.sleep(0)
        assert Path(first, "stuck").exists()
        assert await folders.made(code) != first

    def refuse(path: object, dir_fd: int | None = None) -> None:
        raise PermissionError(path)

    with_folders(tmp_path, scenario)


def test_so_many_changes_that_the_kernel_forgets_some(tmp_path, monkeypatch):
    async def scenario(folders: WorkFolders, code: Code):
        first = await folders.made(code)
        Path(first, "flow.py").write_text("z")
        folders._changes._note(-1, changes.IN_Q_OVERFLOW, "")
        folders.give_back(first)
        assert picture(await next_of(folders, code)) == picture(code.folder)

    with_folders(tmp_path, scenario)


@pytest.mark.parametrize("name", ["data/a.csv", "flow.py"])
def test_code_that_was_changed_is_not_copied(tmp_path, name):
    async def scenario(folders: WorkFolders, code: Code):
        in_place(f"{code.folder}/{name}")
        with pytest.raises(CodeChanged):
            await folders.made(code)
        Path(code.folder, name).write_text(FILES[name])

    with_folders(tmp_path, scenario)


def test_shared_code_is_copied_once_and_knows_when_it_is_changed(tmp_path):
    async def scenario():
        code = code_at(tmp_path / "code")
        shared = SharedCode(tmp_path)
        shared.folder = tmp_path / "shared"
        shared.remove_all()
        assert shared.known(code) is None
        copy, again = await asyncio.gather(shared.made(code), shared.made(code))
        assert copy == again == shared.known(code)
        Path(copy, "__pycache__").mkdir()
        Path(copy, "__pycache__/flow.pyc").touch()
        assert not shared.note(copy)
        assert not shared.is_written(copy)
        Path(copy, "data/deep/new").touch()
        assert shared.note(copy)
        assert not shared.note(copy)
        assert shared.is_written(copy)
        assert not shared.note("")
        await shared.close()

    asyncio.run(scenario())
