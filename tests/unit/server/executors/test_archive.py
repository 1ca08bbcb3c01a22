import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from alula.core.errors import InvalidInput
from alula.server.executors.process.archive import DEPTH_MAX, Limits, stays_inside, unpack

LIMITS = Limits(max_bytes=1 << 20, max_entries=100)


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    found = tarfile.TarInfo(name)
    found.size = len(data)
    for field, value in fields.items():
        setattr(found, field, value)
    return found, data


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


def packed(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpacked(folder: Path, archive: bytes, limits: Limits = LIMITS) -> dict[str, str]:
    """What is there then: links as `-> target`."""
    folder.mkdir()
    unpack(io.BytesIO(archive), folder, limits)
    paths = (each for each in folder.rglob("*") if each.is_symlink() or not each.is_dir())
    return {
        str(each.relative_to(folder)): f"-> {os.readlink(each)}" if each.is_symlink() else each.read_text()
        for each in sorted(paths)
    }


def refused(folder: Path, archive: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(InvalidInput) as caught:
        unpacked(folder, archive, limits)
    assert not (folder.parent / "evil").is_file()
    return caught.value.code


# What packers write


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_every_form_of_a_name_and_a_content_is_read(tmp_path, form, compress):
    long = "/".join(["folder" * 8] * 4) + "/module.py"
    contents = {"a.py": "x" * 511, "b.py": "y" * 512, "c.py": "", "pakiet/ż.txt": "z" * 5000, long: "long"}
    members = [member(name, text.encode()) for name, text in contents.items()]
    archive = packed(member("./", type=tarfile.DIRTYPE), member("pakiet", type=tarfile.DIRTYPE), *members, form=form)
    assert unpacked(tmp_path / "a", compress(archive)) == dict(sorted(contents.items()))


def test_programs_stay_programs_and_nothing_else_is_kept_of_a_mode(tmp_path):
    unpacked(tmp_path / "a", packed(member("run", mode=0o4755), member("data", mode=0o666)))
    modes = [(tmp_path / "a" / name).stat().st_mode & 0o7100 for name in ("run", "data")]
    assert modes == [0o100, 0]


def test_of_several_members_with_one_name_the_last_counts(tmp_path):
    archive = packed(
        member("a", b"1"), member("a", b"2"), link("b", "a"), member("b", b"3"), member("c"), link("c", "a")
    )
    assert unpacked(tmp_path / "a", archive) == {"a": "2", "b": "3", "c": "-> a"}


def test_hard_links_to_files_before_them_are_kept(tmp_path):
    archive = packed(member("a", b"1"), link("b", "./a", tarfile.LNKTYPE))
    assert unpacked(tmp_path / "a", archive) == {"a": "1", "b": "1"}


# Links


def test_links_out_of_the_folder_are_left_out(tmp_path):
    inside, out = link("f/a", "../b"), [link("c", "/etc/passwd"), link("f/d", "../../evil"), link("e", "")]
    assert unpacked(tmp_path / "a", packed(member("b", b"1"), inside, *out)) == {"b": "1", "f/a": "-> ../b"}


@pytest.mark.parametrize(
    ("parent", "target", "inside"),
    [
        ("", "a/b", True),
        ("f", "../a", True),
        ("f/g", "../../a", True),
        ("f", "../../a", False),
        ("", "..", False),
        ("", "/a", False),
        ("f/g", "a/../../b", False),
        ("f", "a\0b", False),
    ],
)
def test_a_link_leads_up_first_and_then_down(parent, target, inside):
    assert stays_inside(parent, target) is inside


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "evil").mkdir()
    for i, way in enumerate((str(tmp_path / "evil"), "../evil")):
        assert unpacked(tmp_path / str(i), packed(link("l", way), member("l/x", b"1"))) == {"l/x": "1"}
    assert refused(tmp_path / "a", packed(member("f/a"), link("l", "f"), member("l/x", b"1"))) == "UnsafeBundle"
    assert list((tmp_path / "evil").iterdir()) == []


# What nobody packs


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil", b"1")],
        [member("a/../../evil", b"1")],
        [member("/evil", b"1")],
        [member("a\nb/../..", type=tarfile.DIRTYPE)],
        [link("a", "../evil", tarfile.LNKTYPE)],
        [link("a", "/etc/passwd", tarfile.LNKTYPE)],
        [link("a", "a", tarfile.LNKTYPE)],
        [link("l", "b"), link("a", "l", tarfile.LNKTYPE)],
        [member("a", type=tarfile.CHRTYPE)],
        [member("a", type=tarfile.BLKTYPE)],
        [member("a", type=tarfile.FIFOTYPE)],
        [member("a", type=b"S")],
        [member("a", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "1000000000000"})],
        [member("a", b"1"), member("a/b", b"1")],
        [member("a/b", b"1"), member("a", b"1")],
        [member("a", b"1"), member("a", type=tarfile.DIRTYPE)],
        [member("."), member(".", b"1")],
        [member("x" * 256)],
        [member("/".join("x" * (DEPTH_MAX + 1)))],
        [member("/".join(["d"] * 1500))],
        [member("/".join(["x" * 250] * 5))],
        [member("a", pax_headers={"path": "a\0b"})],
    ],
)
def test_what_is_no_code_is_refused(tmp_path, members):
    assert refused(tmp_path / "a", packed(*members)) == "UnsafeBundle"


def test_what_unpacks_to_too_much_is_refused_before_it_is_all_there(tmp_path):
    bomb = gzip.compress(packed(member("a", bytes(20 << 20))))
    assert len(bomb) < 100_000
    assert refused(tmp_path / "a", bomb) == "UnsafeBundle"
    assert (tmp_path / "a/a").stat().st_size <= LIMITS.max_bytes
    trailing = gzip.compress(packed(member("a")) + bytes(20 << 20))
    assert refused(tmp_path / "b", trailing) == "UnsafeBundle"


def test_so_many_entries_are_refused(tmp_path):
    some = [member(f"f{i}/a") for i in range(LIMITS.max_entries // 2)]
    assert len(unpacked(tmp_path / "a", packed(*some))) == len(some)
    assert refused(tmp_path / "b", packed(*some, member("b"))) == "UnsafeBundle"
    again = [member("a") for _ in range(LIMITS.max_entries + 1)]
    assert refused(tmp_path / "c", packed(*again)) == "UnsafeBundle"


# What is broken

GOOD = packed(member("a.py", b"x = 1"), member("b.py", b"y"))


def changed(archive: bytes, place: int, data: bytes) -> bytes:
    """With other bytes in the first header, and the right checksum."""
    header = bytearray(archive[:512])
    header[place : place + len(data)] = data
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + archive[512:]


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"not a tar",
        b"\x1f\x8b\x08\x00broken",
        b"x" * 1024,
        GOOD[:515],
        GOOD[:300],
        gzip.compress(GOOD)[:-9],
        gzip.compress(GOOD)[:-8] + bytes(8),
        GOOD.replace(b"a.py", b"b.py"),
        changed(GOOD, 124, b"\xff" * 12),
        changed(GOOD, 124, b"-0000000010\0"),
        changed(GOOD, 124, b"77777777777\0"),
        changed(GOOD, 0, b"\xff\xfe"),
        changed(GOOD, 156, b"x"),
        changed(changed(GOOD, 156, b"L"), 124, b"77777777777\0"),
        packed(member("a", pax_headers={"size": "1e999"})),
        packed(member("a", pax_headers={"size": "-5"})),
        packed(member("a", pax_headers={"size": "9" * 5000})),
        packed(member("a", pax_headers={"x": "y" * (2 << 20)})),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path, archive):
    limits = LIMITS._replace(max_bytes=8 << 20)
    assert refused(tmp_path / "a", archive, limits) in ("BadBundle", "UnsafeBundle")


def test_headers_without_a_member_come_to_an_end(tmp_path):
    header = packed(member("a", pax_headers={"comment": "x"}))[:1024]
    assert refused(tmp_path / "a", header * 900) == "BadBundle"


def test_what_pax_says_of_times_and_owners_does_not_matter(tmp_path):
    odd = {"mtime": "1e999", "atime": "nan", "uid": "-1", "SCHILY.xattr.user.x": "1" * 100_000}
    assert unpacked(tmp_path / "a", packed(member("a", b"1", pax_headers=odd))) == {"a": "1"}
