"""The members of a tar archive, read once and forward, in bounded memory.

Reads what packers write: ustar, pax, GNU's long names. `tarfile` is not used: that of an early Python 3.11 reads some
archives for ever, and its memory for an archive has no bound. Makes no files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

BLOCK_BYTES = 512
HEADER_MAX_BYTES = 1 << 20
"""The limit of a header that stands before a member: long names, attributes."""
HEADERS_MAX = 8
"""The number of headers that one member may have."""
CHECKSUM = slice(148, 156)

Kind = Literal["file", "folder", "symlink", "hardlink", "other"]
_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"5": "folder",
}


class BadTar(Exception):
    """The data are no tar archive."""


class Source(Protocol):
    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer only at the end."""
        ...


class Member(NamedTuple):
    """The header of a member. The content of a file, `size` bytes, comes next from the source."""

    name: str
    kind: Kind
    size: int
    target: str
    """Of a link."""
    is_executable: bool


def members(source: Source) -> Iterator[Member]:
    """All members in order. Between two of them the content of a file must be read to its end, and no further.

    Raises `BadTar`.
    """
    block = source.read(BLOCK_BYTES)
    if not block:
        raise BadTar("it is empty")
    while (member := _next(source, block)) is not None:
        yield member
        if member.kind == "file":
            source.read(-member.size % BLOCK_BYTES)
        block = source.read(BLOCK_BYTES)


def _next(source: Source, block: bytes) -> Member | None:
    """The member whose headers begin with this block; None at the end."""
    said: dict[bytes, bytes] = {}
    for _ in range(HEADERS_MAX):
        if not block.strip(b"\0"):
            return None
        _check(block)
        kind = block[156:157]
        if kind in b"xgLK":
            said.update(_said(kind, _content(source, _number(block[124:136]))))
            block = source.read(BLOCK_BYTES)
        else:
            return _member(block, kind, said)
    raise BadTar("a member has too many headers")


def _check(block: bytes) -> None:
    total = sum(block) - sum(block[CHECKSUM]) + 8 * ord(" ")
    if len(block) < BLOCK_BYTES or total != _number(block[CHECKSUM]):
        raise BadTar("a header is broken")


def _content(source: Source, size: int) -> bytes:
    """The content of a header."""
    if size > HEADER_MAX_BYTES:
        raise BadTar(f"a header has {size:,} bytes")
    content = source.read(size)
    if len(content) < size:
        raise BadTar("it ends too early")
    source.read(-size % BLOCK_BYTES)
    return content


def _said(kind: bytes, content: bytes) -> dict[bytes, bytes]:
    """The fields of a header about the next member. Those for all members are about the archive, not about code."""
    if kind == b"g":
        return {}
    if kind == b"x":
        return dict(_records(content))
    return {b"path" if kind == b"L" else b"linkpath": content.rstrip(b"\0")}


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The records of a pax header: `LENGTH KEY=VALUE\\n`, where the length is that of the whole record."""
    place = 0
    while place < len(content):
        digits, blank, _ = content[place : place + 20].partition(b" ")
        end = place + (int(digits) if digits.isdigit() else 0)
        key, equals, value = content[place + len(digits) + 1 : end].partition(b"=")
        if not (blank and equals and value.endswith(b"\n") and end <= len(content)):
            raise BadTar("a pax header is broken")
        yield key, value[:-1]
        place = end


def _member(block: bytes, kind: bytes, said: dict[bytes, bytes]) -> Member:
    name = block[:100].split(b"\0")[0]
    if block[257:263] == b"ustar\0" and (prefix := block[345:500].split(b"\0")[0]):
        name = prefix + b"/" + name
    found = _KINDS.get(kind, "other")
    raw_name = said.get(b"path", name)
    if kind == b"\0" and raw_name.endswith(b"/"):
        found = "folder"  # as before ustar
    if any(key.startswith(b"GNU.sparse.") for key in said):
        found = "other"
    size = _decimal(said[b"size"]) if b"size" in said else _number(block[124:136])
    target = said.get(b"linkpath", block[157:257].split(b"\0")[0])
    return Member(_text(raw_name), found, size, _text(target), bool(_number(block[100:108]) & 0o100))


def _number(field: bytes) -> int:
    """An octal number. Sizes that need another form are of no code."""
    digits = field.strip(b" \0")
    with contextlib.suppress(ValueError):
        if digits.isdigit() or not digits:
            return int(digits or b"0", 8)
    raise BadTar("a header has a number that can't be read")


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise BadTar("a header has a number that can't be read")
    return int(digits)


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise BadTar(f"the name {name[:100]!r} is not UTF-8") from error
