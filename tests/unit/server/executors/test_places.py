import asyncio
import functools
import os
import stat
from pathlib import Path

import msgspec
import pytest
from tests.attempts.specs import attempt
from tests.hostile import HOSTILE

from alula.core.error_text import MESSAGE_MAX_BYTES
from alula.server.executor import AttemptSpec
from alula.server.executors.process import places
from alula.server.executors.process.files import Files, set_aside
from alula.server.executors.process.places import Place, Places, clear_all, place_of
from alula.server.untrusted import Tree


@pytest.fixture
def made(tmp_path, monkeypatch) -> Places:
    """On an event loop of a test."""
    monkeypatch.setattr(places, "WAIT_S", 3600)
    return Places(tmp_path / "needless")


def over(spec, *, succeeded: bool = True) -> Place:
    return place_of(spec)._replace(succeeded=succeeded)


def leave(spec, **files: bytes) -> Path:
    """A folder of an attempt with these files."""
    folder = Path(spec.output_prefix)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {"log_txt": b"", **files}.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


CLEARED = {
    "an empty log": (True, {}, []),
    "outputs": (True, {"outputs_pb": b"x" * 100_000, "exit_json": b"{}"}, []),
    "outputs that are not in the log": (False, {"outputs_pb": b"?"}, ["outputs.pb"]),
    "an error": (False, {"error_pb": b"x" * MESSAGE_MAX_BYTES, "exit_json": b"{}"}, []),
    "an error that was cut": (False, {"error_pb": b"x" * (MESSAGE_MAX_BYTES + 1)}, ["error.pb"]),
    "a log": (True, {"log_txt": b"hello", "outputs_pb": b"x"}, ["log.txt"]),
    "a deck": (True, {"deck_html": b"<p>", "outputs_pb": b"x"}, ["deck.html"]),
    "a graph": (True, {"futures_pb": b"x", "futures_compiled_pb": b"x"}, ["futures.compiled.pb", "futures.pb"]),
    "a file of its own": (True, {"model_bin": b""}, ["model.bin"]),
}


@pytest.mark.parametrize(("succeeded", "files", "kept"), CLEARED.values(), ids=CLEARED)
@pytest.mark.parametrize("index", [-1, 3])
def test_what_stays_of_an_attempt(tmp_path, succeeded, files, kept, index):
    spec = attempt(tmp_path, "x", index=index)
    folder = leave(spec, **files)
    clear_all([over(spec, succeeded=succeeded)])
    assert (sorted(os.listdir(folder)) if kept else folder.exists()) == (kept or False)
    if index >= 0:
        assert folder.parent.exists() == bool(kept)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", ["outputs.pb", "log.txt", "something"])
def test_what_is_no_plain_file_stays_and_the_folder_is_not_used_again(tmp_path, made, kind, name):
    old, new = attempt(tmp_path, "x", index=0), attempt(tmp_path, "x", index=1)
    folder = Path(old.output_prefix)

    async def scenario() -> None:
        made.make(place_of(old))
        leave(old)
        (folder / name).unlink(missing_ok=True)
        HOSTILE[kind](folder / name)
        made.add([over(old)])
        made.make(place_of(new))
        assert os.listdir(new.output_prefix) == []

    asyncio.run(scenario())
    if os.path.lexists(folder / name):
        assert os.listdir(folder) == [name]


def with_own_inputs(spec: AttemptSpec) -> AttemptSpec:
    """As an item of a list that is too large to be read by each."""
    return msgspec.structs.replace(spec, input_uri=f"{os.path.dirname(spec.output_prefix)}/inputs.pb")


SHAPES = {
    "a node": lambda folder, name: attempt(folder, "x", node=f"n{name}"),
    "an item": lambda folder, name: attempt(folder, "x", index=name),
    "an item with inputs of its own": lambda folder, name: with_own_inputs(attempt(folder, "x", index=name)),
}


@pytest.fixture(params=SHAPES.values(), ids=list(SHAPES))
def spec_of(request, tmp_path):
    """The attempt with a number, of nodes or items of one kind."""
    return functools.partial(request.param, tmp_path)


def test_the_folders_of_an_attempt_serve_another(tmp_path, made, spec_of):
    files = Files(Tree(str(tmp_path)), made)
    first, new = spec_of(0), msgspec.structs.replace(spec_of(1), inputs=b"others")

    async def scenario() -> int:
        assert files.prepare(first)
        inode = leave(first, outputs_pb=b"x").stat().st_ino
        made.add([over(first)])
        assert files.prepare(new)
        return inode

    inode = asyncio.run(scenario())
    assert Path(new.output_prefix).stat().st_ino == inode
    assert not Path(first.output_prefix).exists()
    assert {name: (Path(new.output_prefix) / name).read_bytes() for name in os.listdir(new.output_prefix)} in (
        {},
        {"log.txt": b""},
    )
    assert Path(new.input_uri).read_bytes() == b"others"
    assert stat.S_IMODE(Path(new.input_uri).stat().st_mode) == 0o400


def test_the_first_node_of_a_run_takes_the_folders_of_another_run(tmp_path, made):
    def in_run(name: str) -> Place:
        spec = attempt(tmp_path, "x")
        return Place(spec.output_prefix.replace("p-d-run", name), 2, True, succeeded=True)

    async def scenario() -> None:
        made.make(in_run("first"))
        Path(in_run("first").path).with_name("inputs.pb").touch()
        made.add([in_run("first")])
        assert made.make(in_run("second"))

    asyncio.run(scenario())
    assert below(tmp_path / "objects/metadata/first") == []
    assert below(tmp_path / "objects/metadata/second") == ["n0", "n0/data", "n0/data/0", "n0/data/inputs.pb"]


def test_folders_of_another_kind_wait_for_their_own(tmp_path, made):
    node, other = (SHAPES["a node"](tmp_path, number) for number in (0, 1))
    item = attempt(tmp_path, "x", node="n7", index=0)
    files = Files(Tree(str(tmp_path)), made)

    async def scenario() -> None:
        assert files.prepare(item)
        assert files.prepare(node)
        made.add([over(item), over(node)])
        assert files.prepare(other)

    asyncio.run(scenario())
    assert Path(item.output_prefix).exists()
    assert not Path(node.output_prefix).exists()


def test_of_a_node_or_item_that_is_over_nothing_stays(tmp_path, spec_of):
    leave(spec_of(0), outputs_pb=b"x")
    if has_own_inputs := place_of(spec_of(0)).has_inputs:
        Path(spec_of(0).input_uri).write_bytes(b"x")
    clear_all([over(spec_of(0))])
    assert not Path(spec_of(0).input_uri).exists()
    assert has_own_inputs or below(tmp_path / "objects/metadata/p-d-run") == ["n0", "n0/data", "n0/data/0"]


LEFT_ABOVE = {
    "another attempt": lambda above: (above / "1").mkdir(),
    "a file": lambda above: (above / "task.pb").touch(),
    "other permissions": lambda above: above.chmod(0o750),
}


@pytest.mark.parametrize("leave_above", LEFT_ABOVE.values(), ids=LEFT_ABOVE)
def test_a_node_or_item_with_more_in_its_folder_keeps_it(tmp_path, made, spec_of, leave_above):
    files = Files(Tree(str(tmp_path)), made)
    first, new = spec_of(0), spec_of(1)

    async def scenario() -> None:
        assert files.prepare(first)
        leave_above(leave(first).parent)
        before = below(Path(first.output_prefix).parent)
        made.add([over(first)])
        assert files.prepare(new)
        await made.stop()
        kept = set(before) - {"0", "0/log.txt", "inputs.pb"}
        assert set(below(Path(first.output_prefix).parent)) == kept

    asyncio.run(scenario())
    assert os.listdir(new.output_prefix) == []
    assert Path(new.input_uri).read_bytes() == new.inputs


def test_an_attempt_that_may_be_followed_by_another_keeps_its_inputs(tmp_path, made, spec_of):
    files = Files(Tree(str(tmp_path)), made)
    first, new = spec_of(0), spec_of(1)

    async def scenario() -> None:
        assert files.prepare(first)
        made.add([over(first, succeeded=False)])
        assert files.prepare(new)

    asyncio.run(scenario())
    assert Path(first.input_uri).read_bytes() == first.inputs
    assert Path(new.input_uri).read_bytes() == new.inputs


@pytest.mark.parametrize("kind", HOSTILE)
def test_inputs_that_are_no_plain_file_are_not_written_to(tmp_path, made, kind):
    files = Files(Tree(str(tmp_path)), made)
    first, new = SHAPES["a node"](tmp_path, 0), SHAPES["a node"](tmp_path, 1)

    async def scenario() -> None:
        assert files.prepare(first)
        set_aside(first.input_uri)
        HOSTILE[kind](Path(first.input_uri))
        made.add([over(first)])
        assert files.prepare(new)

    asyncio.run(scenario())
    assert Path(new.input_uri).read_bytes() == new.inputs


def test_a_log_that_has_another_name_is_not_written_to(tmp_path, made, spec_of):
    async def scenario() -> None:
        made.make(place_of(spec_of(0)))
        log = leave(spec_of(0)) / "log.txt"
        os.link(log, tmp_path / "kept")
        made.add([over(spec_of(0))])
        made.make(place_of(spec_of(1)))

    asyncio.run(scenario())
    assert os.listdir(spec_of(1).output_prefix) == []


@pytest.mark.parametrize("index", [-1, 0])
def test_a_folder_with_other_permissions_is_not_used_again(tmp_path, made, index):
    old, new = attempt(tmp_path, "x", index=index), attempt(tmp_path, "x", node="n1", index=index)

    async def scenario() -> None:
        made.make(place_of(old))
        os.chmod(old.output_prefix, 0o555)
        made.add([over(old)])
        made.make(place_of(new))

    asyncio.run(scenario())
    assert Path(new.output_prefix).stat().st_mode & 0o200
    asyncio.run(made.stop())
    assert not Path(old.output_prefix).exists()


def test_a_folder_is_not_used_in_place_of_one_in_which_there_is_something(tmp_path, made):
    old, begun = attempt(tmp_path, "x", index=0), attempt(tmp_path, "x", index=1)

    async def scenario() -> None:
        made.make(place_of(old))
        leave(begun, outputs_pb=b"x")
        made.add([over(old)])
        with pytest.raises(FileExistsError):
            made.make(place_of(begun))

    asyncio.run(scenario())
    assert below(Path(begun.output_prefix)) == ["log.txt", "outputs.pb"]


def test_what_no_attempt_takes_is_cleared_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "WAIT_S", 0.001)
    kept = Places(tmp_path / "needless")
    specs = [attempt(tmp_path, "x", index=index) for index in range(20)]

    async def scenario() -> None:
        kept.add([over(spec) for spec in specs if leave(spec, outputs_pb=b"x")])
        async with asyncio.timeout(20):
            while any(Path(spec.output_prefix).exists() for spec in specs):
                await asyncio.sleep(0.001)
        await kept.stop()

    asyncio.run(scenario())
    assert below(tmp_path / "objects") == [
        "metadata",
        "metadata/p-d-run",
        "metadata/p-d-run/n0",
        "metadata/p-d-run/n0/data",
        "metadata/p-d-run/n0/data/0",
    ]
    assert not (tmp_path / "needless").exists()


def test_after_a_crash_the_next_platform_clears_what_was_to_be_cleared(tmp_path, made):
    specs = [attempt(tmp_path, "x", index=index) for index in range(3)]
    alone = attempt(tmp_path, "x", node="n1")

    async def scenario() -> None:
        for spec in (*specs, alone):
            leave(spec, outputs_pb=b"x")
        made.add([over(spec) for spec in specs])
        made.add([over(alone, succeeded=False)])

    asyncio.run(scenario())
    with (tmp_path / "needless").open("ab") as names:
        names.write(os.fsencode(f"101 {tmp_path}"))  # cut by the crash
    Places(tmp_path / "needless").go_on()
    assert not any(Path(spec.output_prefix).exists() for spec in specs)
    assert os.listdir(alone.output_prefix) == ["outputs.pb"]
    assert not (tmp_path / "needless").exists()


def test_the_names_of_what_is_to_be_cleared_may_be_missing_or_garbage(tmp_path, made):
    made.go_on()
    (tmp_path / "needless").write_bytes(b"\xff\0\n\n1\n11 /old\nx01 /no\n101 /no/such/folder\n")
    made.go_on()


def test_files_of_an_attempt_go_where_another_was(tmp_path, made):
    files = Files(Tree(str(tmp_path)), made)
    first, second = (attempt(tmp_path, "x", index=index) for index in range(2))

    async def scenario() -> None:
        assert files.prepare(first)
        leave(first, outputs_pb=b"x")
        made.add([over(first)])
        assert files.prepare(second)
        assert not files.prepare(second), "it is there already"

    asyncio.run(scenario())
