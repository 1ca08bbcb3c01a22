"""Descriptions of a function and its parameters, from its docstring in Google, NumPy or reST style.

Owns the parsing only. Anything that it does not recognise is prose: a docstring is never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from inspect import cleandoc

_GOOGLE_PARAMETERS = frozenset(("args", "arguments", "parameters", "params", "keyword args", "keyword arguments"))
_GOOGLE_RETURNS = frozenset(("returns", "return", "yields"))
_GOOGLE_OTHER = frozenset(
    ("raises", "example", "examples", "note", "notes", "warning", "warnings", "see also", "todo", "references")
)
_GOOGLE_HEADER = re.compile(r"^([A-Za-z][A-Za-z ]*):\s*$")
_NUMPY_RULE = re.compile(r"^-{3,}\s*$")
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\(([^)]*)\))?\s*:\s*(.*)$")
_REST_FIELD = re.compile(r"^:(param|parameter|arg|argument|return|returns|\w+)\b\s*([^:]*):\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Docstring:
    """The parts of a docstring. Line breaks inside one description are made spaces."""

    short: str = ""
    long: str = ""
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    returns: str = ""
    returned: dict[str, str] = field(default_factory=dict[str, str])
    """Descriptions of single outputs, by name, where the docstring has them."""


def parse(text: str | None) -> Docstring:
    """The parts of a docstring; `None` gives an empty one.

    >>> parse("Add.\\n\\nArgs:\\n    x: the first").parameters
    {'x': 'the first'}
    """
    if not text or not text.strip():
        return Docstring()
    prose: list[str] = []
    sections: dict[str, list[str]] = {"parameters": [], "returns": [], "other": []}
    rest: list[tuple[str, str, list[str]]] = []
    current: list[str] = prose
    lines = cleandoc(text).splitlines()
    numpy = False
    for number, line in enumerate(lines):
        if _NUMPY_RULE.match(line):
            continue
        following = lines[number + 1] if number + 1 < len(lines) else ""
        kind = _section(line, is_underlined=bool(_NUMPY_RULE.match(following)))
        if kind is not None:
            numpy = numpy or bool(_NUMPY_RULE.match(following))
            current = sections[kind]
            continue
        tag = _REST_FIELD.match(line)
        if tag is not None:
            current = [tag[3]]
            rest.append((tag[1], tag[2], current))
            continue
        if current is not prose and not numpy and line and not line[0].isspace() and not _in_rest(current, rest):
            current = prose  # a Google section ends where the indentation does
        current.append(line)
    entries = _numpy_entries if numpy else _google_entries
    parameters = entries(sections["parameters"])
    returns, returned = _returns(sections["returns"], numpy=numpy)
    for tag_name, argument, body in rest:
        if tag_name in ("param", "parameter", "arg", "argument") and argument.split():
            parameters[argument.split()[-1].lstrip("*")] = _flow(body)
        elif tag_name in ("return", "returns"):
            returns = _flow(body)
    short, _, long = "\n".join(prose).strip().partition("\n\n")
    return Docstring(_flow(short.splitlines()), long.strip(), parameters, returns, returned)


def _section(line: str, *, is_underlined: bool) -> str | None:
    header = _GOOGLE_HEADER.match(line)
    if header is not None:
        name = header[1].lower()
    elif is_underlined:
        name = line.strip().lower()
    else:
        return None
    if name in _GOOGLE_PARAMETERS or name == "other parameters":
        return "parameters"
    if name in _GOOGLE_RETURNS:
        return "returns"
    return "other" if is_underlined or name in _GOOGLE_OTHER else None


def _in_rest(current: list[str], rest: list[tuple[str, str, list[str]]]) -> bool:
    return any(current is body for _, _, body in rest)


def _google_entries(lines: list[str]) -> dict[str, str]:
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(indents, default=0)
    return _collect(
        (_ENTRY.match(line[margin:]) if line[margin : margin + 1].strip() else None, line)
        for line in lines
        if line.strip()
    )


def _numpy_entries(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    body: list[str] = []
    for line in lines:
        if line and not line[0].isspace():
            body = []
            for name in line.partition(":")[0].split(","):
                found[name.strip().lstrip("*")] = body
        else:
            body.append(line)
    return {name: _flow(text) for name, text in found.items() if name}


def _collect(lines: Iterable[tuple[re.Match[str] | None, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    body: list[str] = []
    for entry, line in lines:
        if entry is not None:
            body = [entry[3]]
            found[entry[1]] = body
        else:
            body.append(line)
    return {name: _flow(text) for name, text in found.items()}


def _returns(lines: list[str], *, numpy: bool) -> tuple[str, dict[str, str]]:
    if numpy:
        named = _numpy_entries(lines)
        # "int\n    The sum": the name of a NumPy return is its type unless it says `name : type`
        by_name = {name for line in lines if ":" in line for name in [line.partition(":")[0].strip()]}
        returned = {name: text for name, text in named.items() if name in by_name}
        return _flow(list(named.values())), returned
    return _flow(lines), _google_entries(lines)


def _flow(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
