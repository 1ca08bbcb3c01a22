import asyncio
import io
import os
import tarfile
from pathlib import Path

import pytest

from alula.core.errors import InvalidInput
from alula.server.executors.process.archive import Limits
from alula.server.executors.process.bundles import Bundles


def bundles(tmp_path: Path, *, keep_bytes: int = 1 << 30) -> Bundles:
    return Bundles(tmp_path / "bundles", limits=Limits(1 << 30, 1000), keep_bytes=keep_bytes)


def code_of(found: Bundles, uri: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(found.take(uri))
    return caught.value.code


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> str:
    with tarfile.open(path, "w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return str(path)


def member(name: str, **fields: object) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(found, field, value)
    return found


def test_a_bundle_is_unpacked_once_however_often_and_under_whatever_name(tmp_path):
    one = archive(tmp_path / "a.tar.gz", (member("m.py"), b"x = 1"), (member("data/x.csv"), b"1"))
    two = tmp_path / "b.tar.gz"
    two.write_bytes(Path(one).read_bytes())
    found = bundles(tmp_path)

    async def scenario():
        return await asyncio.gather(*(found.take(uri) for uri in [one, one, str(two), f"file://{one}"]))

    assert found.take_known(one) is None
    first, *others = asyncio.run(scenario())
    assert {each.folder for each in others} == {first.folder}
    assert sorted(first.marks) == ["data", "data/x.csv", "m.py"]
    assert (Path(first.folder) / "m.py").read_text() == "x = 1"
    assert [each.name for each in (tmp_path / "bundles").iterdir()] == [Path(first.folder).parent.name]
    assert found.take_known(one) == first


def test_a_bundle_is_known_no_sooner_than_its_size_is(tmp_path):
    files = [(member(f"d{n}/m.py"), b"x = 1") for n in range(300)]
    uri = archive(tmp_path / "a.tar.gz", *files)
    found = bundles(tmp_path)

    async def scenario():
        taking = asyncio.ensure_future(found.take(uri))
        while not taking.done():  # as others do that need the same code and would not wait for it
            found.take_known(uri)
            await asyncio.sleep(0)
        return await taking

    assert asyncio.run(scenario()) == found.take_known(uri)


def test_a_pickled_task_is_kept_as_it_is(tmp_path):
    (tmp_path / "pkl.gz").write_bytes(b"pickle")
    code = asyncio.run(bundles(tmp_path).take(str(tmp_path / "pkl.gz")))
    assert list(code.marks) == ["pkl.gz"]


def same_size_and_times(path: Path) -> None:
    found = path.stat()
    path.write_text("x = 2")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda code: same_size_and_times(code / "m.py"),
        lambda code: (code / "m.py").unlink(),
        lambda code: (code / "data/x.csv").rename(code / "x.csv"),
        lambda code: (code / "new.py").write_text(""),
        lambda code: (code / "data/x.csv").chmod(0o755),
        lambda code: (code.parent / "seal").write_bytes(b"\xff"),
        lambda code: (code.parent / "seal").unlink(),
        lambda code: code.rename(code.parent / "aside"),
    ],
)
def test_a_bundle_that_somebody_changed_is_unpacked_anew(tmp_path, change):
    uri = archive(tmp_path / "a.tar.gz", (member("m.py"), b"x = 1"), (member("data/x.csv"), b"1"))
    before = asyncio.run(bundles(tmp_path).take(uri))
    assert asyncio.run(bundles(tmp_path).take(uri)) == before
    change(Path(before.folder))
    after = asyncio.run(bundles(tmp_path).take(uri))
    assert after.folder == before.folder
    assert {each: (Path(after.folder) / each).read_text() for each in ("m.py", "data/x.csv")} == {
        "m.py": "x = 1",
        "data/x.csv": "1",
    }
    assert sorted(after.marks) == sorted(before.marks)
    assert len(list((tmp_path / "bundles").iterdir())) == 1


def test_nothing_is_left_of_what_is_refused(tmp_path):
    uri = archive(tmp_path / "a.tar.gz", (member("good.py"), b""), (member("../evil"), b""))
    assert code_of(bundles(tmp_path), uri) == "UnsafeBundle"
    assert list((tmp_path / "bundles").iterdir()) == []


def test_a_refused_bundle_is_not_read_again_by_each_attempt(tmp_path):
    found = bundles(tmp_path)
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no archive")
    large = archive(tmp_path / "large.tar.gz", *((member(f"m{number}.py"), b"") for number in range(1001)))
    assert [code_of(found, str(bad)), code_of(found, large)] == ["BadBundle", "UnsafeBundle"]
    bad.unlink()
    Path(large).unlink()
    assert [code_of(found, str(bad)), code_of(found, large)] == ["BadBundle", "UnsafeBundle"]


def test_how_many_refusals_are_remembered_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("alula.server.executors.process.bundles.REFUSED_MAX", 2)
    found = bundles(tmp_path)
    uris = [str(tmp_path / f"{number}.tar.gz") for number in range(3)]
    for uri in uris:
        Path(uri).write_bytes(b"no archive")
        assert code_of(found, uri) == "BadBundle"
        Path(uri).unlink()
    assert [code_of(found, uri) for uri in uris] == ["BundleNotFound", "BadBundle", "BadBundle"]


def test_a_bundle_that_was_missing_is_looked_for_again(tmp_path):
    found, uri = bundles(tmp_path), str(tmp_path / "a.tar.gz")
    assert code_of(found, uri) == "BundleNotFound"
    archive(Path(uri), (member("m.py"), b"x = 1"))
    assert asyncio.run(found.take(uri)).marks


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("s3://b/a.tar.gz", "BundleNotReadable"),
        ("/no/a.tar.gz", "BundleNotFound"),
        ("/dev/null/a.tar.gz", "BundleNotFound"),
        ("/dev/zero", "BundleNotReadable"),
        ("/tmp", "BundleNotReadable"),
        ("/a\0b", "BundleNotReadable"),
        ("/" + "x" * 300, "BundleNotReadable"),
        ("", "BundleNotReadable"),
    ],
)
def test_a_bundle_that_can_not_be_had_is_said(tmp_path, uri, code):
    assert code_of(bundles(tmp_path), uri) == code


def test_a_pipe_is_not_waited_for_nor_a_huge_file_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert code_of(bundles(tmp_path), str(tmp_path / "pipe")) == "BundleNotReadable"
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1 << 40)
    assert code_of(bundles(tmp_path), str(tmp_path / "huge")) == "UnsafeBundle"
    (tmp_path / "loop").symlink_to("loop")
    assert code_of(bundles(tmp_path), str(tmp_path / "loop")) == "BundleNotReadable"


# What stays


def numbered(folder: Path, number: int) -> str:
    return archive(folder / f"{number}.tar.gz", (member("m.py"), str(number).encode() * 100_000))


def there(folder: Path) -> set[str]:
    return {each.read_text()[0] for each in (folder / "bundles").glob("*/code/m.py")}


def test_beyond_the_limit_the_bundles_go_that_nobody_has_and_that_were_used_least_lately(tmp_path):
    found = bundles(tmp_path, keep_bytes=350_000)
    uris = [numbered(tmp_path, number) for number in range(6)]

    async def scenario():
        zero = await found.take(uris[0])
        for uri in uris[1:3]:
            found.give_back(await found.take(uri))
        one = found.take_known(uris[1])
        assert one is not None
        found.give_back(one)
        found.give_back(await found.take(uris[3]))
        assert there(tmp_path) == {"0", "1", "3"}
        assert found.take_known(uris[2]) is None
        found.give_back(await found.take(uris[4]))
        assert there(tmp_path) == {"0", "3", "4"}
        found.give_back(zero)
        found.give_back(await found.take(uris[2]))
        assert there(tmp_path) == {"2", "3", "4"}

    asyncio.run(scenario())


def test_what_an_earlier_platform_unpacked_counts_and_what_it_began_is_removed(tmp_path):
    first, second = numbered(tmp_path, 1), numbered(tmp_path, 2)
    asyncio.run(bundles(tmp_path).take(first))
    (tmp_path / "bundles/.begun/x").mkdir(parents=True)
    found = bundles(tmp_path, keep_bytes=150_000)
    asyncio.run(found.take(second))
    assert there(tmp_path) == {"2"}
    assert len(list((tmp_path / "bundles").iterdir())) == 1
    assert asyncio.run(found.take(first)).folder != asyncio.run(found.take(second)).folder
    assert there(tmp_path) == {"1", "2"}, "both are in use"
