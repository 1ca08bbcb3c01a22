import asyncio
import io
import os
import tarfile
from pathlib import Path

import pytest

from alula.core.errors import InvalidInput
from alula.server.executors.process.bundles import Bundles


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
    bundles = Bundles(tmp_path / "bundles")

    async def scenario():
        return await asyncio.gather(*(bundles.unpacked(uri) for uri in [one, one, str(two), f"file://{one}"]))

    assert bundles.known(one) is None
    first, *others = asyncio.run(scenario())
    assert {each.folder for each in others} == {first.folder}
    assert sorted(first.marks) == ["data", "data/x.csv", "m.py"]
    assert (Path(first.folder) / "m.py").read_text() == "x = 1"
    assert [each.name for each in (tmp_path / "bundles").iterdir()] == [Path(first.folder).parent.name]
    assert bundles.known(one) == first


def test_a_pickled_task_is_kept_as_it_is(tmp_path):
    (tmp_path / "pkl.gz").write_bytes(b"pickle")
    code = asyncio.run(Bundles(tmp_path / "bundles").unpacked(str(tmp_path / "pkl.gz")))
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
    before = asyncio.run(Bundles(tmp_path / "bundles").unpacked(uri))
    assert asyncio.run(Bundles(tmp_path / "bundles").unpacked(uri)) == before
    change(Path(before.folder))
    after = asyncio.run(Bundles(tmp_path / "bundles").unpacked(uri))
    assert after.folder == before.folder
    assert {each: (Path(after.folder) / each).read_text() for each in ("m.py", "data/x.csv")} == {
        "m.py": "x = 1",
        "data/x.csv": "1",
    }
    assert sorted(after.marks) == sorted(before.marks)
    assert len(list((tmp_path / "bundles").iterdir())) == 1


@pytest.mark.parametrize(
    "bad",
    [
        member("../evil"),
        member("a/../../evil"),
        member("hard", type=tarfile.LNKTYPE, linkname="../evil"),
        member("device", type=tarfile.CHRTYPE),
    ],
)
def test_a_member_outside_the_folder_is_refused_and_nothing_is_left(tmp_path, bad):
    uri = archive(tmp_path / "a.tar.gz", (member("good.py"), b""), (bad, b""))
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(Bundles(tmp_path / "bundles").unpacked(uri))
    assert caught.value.code == "UnsafeBundle"
    assert list((tmp_path / "bundles").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_links_out_of_the_folder_are_left_out(tmp_path):
    out = member("venv/python", type=tarfile.SYMTYPE, linkname="/usr/bin/python3")
    up = member("link", type=tarfile.SYMTYPE, linkname="../../evil")
    inside = member("also.py", type=tarfile.SYMTYPE, linkname="good.py")
    uri = archive(tmp_path / "a.tar.gz", (member("good.py"), b""), (out, b""), (up, b""), (inside, b""))
    code = asyncio.run(Bundles(tmp_path / "bundles").unpacked(uri))
    assert sorted(each.name for each in Path(code.folder).rglob("*")) == ["also.py", "good.py"]


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_archive_is_refused(tmp_path, data):
    (tmp_path / "a.tar.gz").write_bytes(data)
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(Bundles(tmp_path / "bundles").unpacked(str(tmp_path / "a.tar.gz")))
    assert caught.value.code in ("BadBundle", "BundleNotReadable")


@pytest.mark.parametrize(
    ("uri", "code"), [("s3://b/a.tar.gz", "BundleNotReadable"), ("/no/a.tar.gz", "BundleNotFound")]
)
def test_a_bundle_that_is_not_here_is_said(tmp_path, uri, code):
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(Bundles(tmp_path / "bundles").unpacked(uri))
    assert caught.value.code == code
