"""The line of code that an error is about, on a terminal."""

from __future__ import annotations

import sys

import pytest

from alula.cli.failures import say_error
from alula.cli.source_lines import source_line

CODE = 'from alula import task\n\n\ndef w() -> int:\n    return num(y=1, x="a")\n\tpass\n'


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "{file}:5: input `x` of task `num` expects int",
            ' 5 |     return num(y=1, x="a")\n   |                     ^',
        ),
        ("{file}:5: task `num` has no input", ' 5 |     return num(y=1, x="a")\n   |            ^^^'),
        ("{file}:5: `a.b` is wrong", ' 5 |     return num(y=1, x="a")\n   |     ' + "^" * 22),
        ("{file}:6: it fails", " 6 |         pass\n   |         ^^^^"),
        ("{file}:99: there is no such line", ""),
        ("{file}:0: nor this", ""),
        ("gone.py:1: nor such a file", ""),
        ("localhost:80: no code", ""),
        ("no place", ""),
    ],
)
def test_the_line_is_shown_with_what_the_message_names(message, expected, tmp_path):
    file = tmp_path / "a flow.py"
    file.write_text(CODE)
    assert source_line(message.format(file=file)) == expected


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_terminals_show_it(is_terminal, tmp_path, monkeypatch, capsys):
    file = tmp_path / "flow.py"
    file.write_text(CODE)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    say_error("WrongValue", f"{file}:5: input `x` is wrong", "mend it")
    said = capsys.readouterr().err
    assert ('5 |     return num(y=1, x="a")' in said) is is_terminal
    assert "mend it" in said
