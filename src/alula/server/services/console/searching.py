"""Looking for a text in a stream of bytes, line by line, in bounded memory. Pure.

A line that does not end for long is looked at in parts, which overlap so that a text is found across their borders.
Colours and other commands to a terminal are looked past, unless the text has some itself: one looks for what one sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

PART_BYTES = 1 << 20
SHOWN_BYTES = 1_000
_BEFORE_BYTES = 200
_COMMAND_BYTES = 4_096
"""What begins earlier and has not ended is taken for text."""
_ESCAPE = b"\x1b"
_COMMAND = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
"""Commands to a terminal. None has a line's end in it."""

_OPEN_COMMAND = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b\n]*|[ -/]*)")
"""The begin of one."""


class Hit(NamedTuple):
    """A line that has the text."""

    offset: int
    """Of its begin, in bytes; of a line that is looked at in parts, of this part."""
    line: int
    text: str


class Search:
    def __init__(self, text: bytes, *, case: bool) -> None:
        """Without `case`, letters of ASCII are the same in both cases."""
        self._case = case
        self._text = text if case else text.lower()

    def begin(self) -> Looking:
        return Looking(self._text, case=self._case)


class Looking:
    """The search of one stream, which is given in pieces, and an empty one at its end."""

    def __init__(self, text: bytes, *, case: bool) -> None:
        self._text = text
        self._case = case
        self._rest = b""
        """What was given and not looked at."""
        self._offset = 0
        """The place of `_rest` in the stream."""
        self._line = 1

    def look(self, piece: bytes) -> Iterator[Hit]:
        """The lines that have the text, each once, as far as they are known whole."""
        given = self._rest + piece
        end = given.rfind(b"\n") + 1 if piece else len(given)
        if end:
            yield from self._in_lines(given[:end])
        elif len(given) >= PART_BYTES:
            stop, end = self._cut(given)
            yield from self._in_lines(given[:stop])
        self._line += given.count(b"\n", 0, end)
        self._offset += end
        self._rest = given[end:]

    def _cut(self, given: bytes) -> tuple[int, int]:
        """Where a part of a line ends, and where the next begins: before as many bytes that one sees as a text may have
        in the first, and before a command that has not ended."""
        overlap = len(self._text) - 1
        if _ESCAPE not in given or _ESCAPE in self._text:
            return len(given), len(given) - overlap
        stop = _whole_commands(given)
        begin = stop
        for command in reversed(list(_COMMAND.finditer(given, 0, stop))):
            seen = begin - command.end()
            if seen >= overlap:
                break
            overlap -= seen
            begin = command.start()
        # Of what is hardly anything but commands, half is given up: memory stays bounded.
        return stop, max(begin - overlap, len(given) // 2)

    def _in_lines(self, block: bytes) -> Iterator[Hit]:
        has_commands = _ESCAPE in block and _ESCAPE not in self._text
        seen = _COMMAND.sub(b"", block) if has_commands else block
        among = seen if self._case else seen.lower()
        line, counted, begin, at = self._line, 0, 0, among.find(self._text)
        while at >= 0:
            start = seen.rfind(b"\n", 0, at) + 1
            stop = seen.find(b"\n", at)
            stop = len(seen) if stop < 0 else stop
            passed = seen.count(b"\n", counted, start)
            begin = _after_lines(block, begin, passed) if has_commands else start
            line, counted = line + passed, start
            shown = start if at - start < SHOWN_BYTES - _BEFORE_BYTES else at - _BEFORE_BYTES
            text = seen[shown : min(stop, shown + SHOWN_BYTES)].decode(errors="replace")
            yield Hit(self._offset + begin, line, text)
            at = among.find(self._text, stop)


def _whole_commands(part: bytes) -> int:
    """The length of a part without the command that may go on after it."""
    at = part.rfind(_ESCAPE, -_COMMAND_BYTES)
    return at if at >= 0 and _OPEN_COMMAND.fullmatch(part, at) else len(part)


def _after_lines(block: bytes, place: int, count: int) -> int:
    """The place at which the line begins that is so many after the one at `place`."""
    for _ in range(count):
        place = block.index(b"\n", place) + 1
    return place
