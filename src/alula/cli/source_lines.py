"""The line of the author's code that a message is about, as terminals show it."""

from __future__ import annotations

import linecache
import re

_PLACE = re.compile(r"(?P<file>[^\n]+?):(?P<line>[1-9]\d*): ")
_NAMED = re.compile(r"`([^`\n]+)`")


def source_line(message: str) -> str:
    """The line that a message begins with the place of, and carets below what it names first of what is there; empty
    if it begins with none, or the line can't be read."""
    place = _PLACE.match(message)
    if place is None:
        return ""
    number = place["line"]
    code = linecache.getline(place["file"], int(number)).rstrip().expandtabs()
    if not code:
        return ""
    start, end = _marked(code, message[place.end() :])
    margin = " " * len(number)
    return f" {number} | {code}\n {margin} | {' ' * start}{'^' * (end - start)}"


def _marked(code: str, message: str) -> tuple[int, int]:
    for name in _NAMED.findall(message):
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", code)
        if found is not None:
            return found.span()
    return len(code) - len(code.lstrip()), len(code)
