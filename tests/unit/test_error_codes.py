"""docs/errors.md names every code that the source gives to an error, and none that it does not."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from alula.core.fixes import FIXES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/alula"
PAGE = ROOT / "docs/errors.md"

# Calls that take a code, with the place of it among the positional arguments.
ERRORS = [
    "AlulaError",
    "InvalidInput",
    "NotFound",
    "AlreadyExists",
    "FailedPrecondition",
    "PermissionDenied",
    "Unauthenticated",
    "ResourceExhausted",
    "Unavailable",
    "RunFailed",
    "TaskError",
    "UserCodeError",
    "mistake",
    "say_error",
]
PLACES = {**dict.fromkeys(ERRORS, 0), "__init__": 0, "explain": 3, "Link": 1, "PackageError": 1, "told": 1}
PREFIXED = {"system_failure": "SYSTEM:"}


@functools.cache
def trees() -> Sequence[ast.Module]:
    return [ast.parse(path.read_text(), str(path)) for path in sorted(SOURCE.rglob("*.py"))]


@functools.cache
def constants() -> Mapping[str, str]:
    """Texts that are named once at the top of a module or in an enumeration, by their name."""
    found: dict[str, str] = {}
    for tree in trees():
        enums = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Code")]
        for node in (*tree.body, *(line for enum in enums for line in enum.body)):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            value = node.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[node.targets[0].id] = value.value
    return found


def enumerated() -> Iterator[str]:
    for tree in trees():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name in ("Code", "OutcomeCode"):
                values = (line.value for line in node.body if isinstance(line, ast.Assign))
                yield from (str(value.value) for value in values if isinstance(value, ast.Constant))


CODE = re.compile(r"((USER|SYSTEM):)?[A-Z][A-Za-z]+5?")  # the 5 of MD5
SEVERAL_WORDS = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)+")


def from_constants_and_tables() -> Iterator[str]:
    """Codes that reach an error through a constant of their own, or through a function that chooses one."""
    yield from (text for text in constants().values() if SEVERAL_WORDS.fullmatch(text))
    for tree in trees():
        for node in ast.walk(tree):
            chooses = isinstance(node, ast.FunctionDef) and node.name == "_code"
            if chooses or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code"):
                words = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
                yield from (word for word in words if isinstance(word, str) and SEVERAL_WORDS.fullmatch(word))


def texts(expression: ast.expr, named: Mapping[str, str]) -> Iterator[str]:
    """The codes that an expression may stand for; what is computed from another code stands for none."""
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=otherwise):
            yield from texts(body, named)
            yield from texts(otherwise, named)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in named:
            yield named[name]
        case _:
            pass


@functools.cache
def raised() -> frozenset[str]:
    named = constants()
    found = {*enumerated(), *from_constants_and_tables()}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Tuple) and len(node.elts) == 2 and ast.unparse(node.elts[0]) == "'alula-code'":
                found.update(texts(node.elts[1], named))
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                codes = (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "code")
                found.update(text for value in codes for text in texts(value, named))
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            arguments = [word.value for word in node.keywords if word.arg == "code"]
            if name in PLACES and len(node.args) > PLACES[name]:
                arguments.append(node.args[PLACES[name]])
            if name in PREFIXED and node.args:
                found.update(PREFIXED[name] + text for text in texts(node.args[0], named))
            if name in PLACES:
                found.update(text for argument in arguments for text in texts(argument, named))
    return frozenset(found)


def documented() -> set[str]:
    """The first cell of each row of the page's tables: one or several codes in backticks."""
    rows = re.findall(r"^\| (`[^|]*(?:\\\|[^|]*)*) \|", PAGE.read_text(), re.MULTILINE)
    return {code.replace("\\|", "|") for row in rows for code in re.findall(r"`([^`]+)`", row)}


def test_every_code_is_explained() -> None:
    assert sorted(raised() - documented()) == []


def test_every_explained_code_exists() -> None:
    codes = {code for code in documented() if CODE.fullmatch(code)}
    assert sorted(codes - raised()) == []


def test_codes_are_words() -> None:
    assert [code for code in sorted(raised()) if not CODE.fullmatch(code)] == []


def ways_out() -> Iterator[tuple[str, str]]:
    """The last cell of each row of the page's first part, without its links."""
    part = PAGE.read_text().split("## Failures of a run")[1].split("\n## ")[0]
    for row in re.findall(r"^\| (`.*) \|$", part, re.MULTILINE):
        codes, *_, fix = row.split(" | ")
        for code in re.findall(r"`([^`]+)`", codes):
            yield code, re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", fix)


def test_the_platform_says_what_to_do_as_the_page_does() -> None:
    assert dict(ways_out()) == FIXES
