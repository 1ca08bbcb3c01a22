from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from alula.server.services.console import searching
from alula.server.services.console.searching import Hit, Search


def looked(log: bytes, text: bytes, cuts: list[int], *, case: bool = True) -> list[Hit]:
    looking = Search(text, case=case).begin()
    borders = [0, *sorted(cuts), len(log)]
    pieces = [log[start:end] for start, end in pairwise(borders) if end > start]
    return [hit for piece in [*pieces, b""] for hit in looking.look(piece)]


@pytest.mark.parametrize("seed", range(50))
def test_each_line_with_the_text_is_found_once_however_the_log_is_cut(seed: int) -> None:
    random = Random(seed)
    log = bytes(random.choices(b"abA\n", k=random.randrange(60)))
    text = bytes(random.choices(b"ab", k=random.randrange(1, 4)))
    case = random.random() < 0.5
    cuts = [random.randrange(len(log) + 1) for _ in range(random.randrange(5))]
    wanted, offset = list[Hit](), 0
    for number, line in enumerate(log.split(b"\n"), 1):
        if text in (line if case else line.lower()):
            wanted.append(Hit(offset, number, line.decode()))
        offset += len(line) + 1
    assert looked(log, text, cuts, case=case) == wanted


COMMANDS = (b"\x1b[31m", b"\x1b[0m", b"\x1b[38;5;196m", b"\x1b[?25l", b"\x1b[2K", b"\x1b]8;;http://x\x07", b"\x1b(B")


@pytest.mark.parametrize("seed", range(50))
def test_colours_hide_nothing(seed: int) -> None:
    random = Random(seed)
    lines = [bytes(random.choices(b"abA", k=random.randrange(9))) for _ in range(random.randrange(9))]
    text = bytes(random.choices(b"ab", k=random.randrange(1, 4)))
    coloured = [b"".join(b for byte in line for b in (random.choice(COMMANDS), bytes([byte]))) for line in lines]
    log = b"\n".join(coloured)
    wanted, offset = list[Hit](), 0
    for number, (line, raw) in enumerate(zip(lines, coloured, strict=True), 1):
        if text in line:
            wanted.append(Hit(offset, number, line.decode()))
        offset += len(raw) + 1
    cuts = [random.randrange(len(log) + 1) for _ in range(random.randrange(5))]
    assert looked(log, text, cuts) == wanted


def test_commands_are_found_by_who_looks_for_them() -> None:
    log = b"plain\n\x1b[31mred\n"
    assert looked(log, b"\x1b[31m", []) == [Hit(6, 2, "\x1b[31mred")]


def test_a_line_that_does_not_end_is_searched_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PART_BYTES", 100)
    log = b"x" * 95 + b"needle" + b"x" * 500 + b"\nneedle\n"
    looking = Search(b"needle", case=True).begin()
    found = list[Hit]()
    for start in range(0, len(log) + 30, 30):
        found += looking.look(log[start : start + 30])
        assert len(looking._rest) < 140
    assert [(hit.line, "needle" in hit.text) for hit in found] == [(1, True), (2, True)]


@pytest.mark.parametrize("seed", range(50))
def test_colours_hide_nothing_where_a_line_is_looked_at_in_parts(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    monkeypatch.setattr(searching, "PART_BYTES", 200)
    needle = b"".join(byte + random.choice(COMMANDS) for byte in (b"n", b"e", b"e", b"d", b"l", b"e"))
    begin = random.randrange(150, 200)
    log = b"\x1b[32m" + b"x" * begin + needle + b"y" * 300
    looking = Search(b"needle", case=True).begin()
    size = random.randrange(1, 60)
    found = list[Hit]()
    for start in range(0, len(log) + size, size):
        found += looking.look(log[start : start + size])
        assert len(looking._rest) < 200 + size
    [hit] = found
    assert "needle" in hit.text
    assert "\x1b" not in hit.text


def test_a_line_of_hardly_anything_but_commands_is_searched_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PART_BYTES", 100)
    looking = Search(b"needle", case=True).begin()
    for _ in range(100):
        assert list(looking.look(b"\x1b[31m" * 8)) == []
        assert len(looking._rest) < 200


def test_of_a_long_line_the_part_with_the_text_is_shown() -> None:
    [hit] = looked(b"x" * 5_000 + b"needle" + b"y" * 5_000, b"NEEDLE", [], case=False)
    assert (hit.offset, hit.line, len(hit.text), "needle" in hit.text) == (0, 1, 1_000, True)
    [hit] = looked(b"\xff needle \xfe\n", b"needle", [])
    assert hit.text == "\ufffd needle \ufffd"
