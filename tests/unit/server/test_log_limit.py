"""How often the log says one thing."""

from __future__ import annotations

import logging

from alula.server.log_limit import LogLimit


def line(number: int, text: str = "refused %s", *args: object) -> logging.LogRecord:
    return logging.LogRecord("alula", logging.WARNING, "there.py", number, text, args, None)


def test_a_line_is_said_so_often_and_no_more() -> None:
    limit = LogLimit(lines_max=3)
    assert [limit.filter(line(1, "refused %s", n)) for n in range(5)] == [True, True, True, False, False]
    assert limit.filter(line(2))


def test_later_it_says_how_many_were_left_out() -> None:
    limit = LogLimit(lines_max=1, window_s=0.0)
    assert limit.filter(line(1, "refused %s", "a"))
    limit = LogLimit(lines_max=1, window_s=1e9)
    for _ in range(4):
        limit.filter(line(1, "refused %s", "a"))
    limit._window_s = 0.0
    again = line(1, "refused %s", "100%")
    assert limit.filter(again)
    assert again.getMessage() == "refused 100% (3 more like this were left out)"
