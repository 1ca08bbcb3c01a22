"""Python code for flytekit as code for Alula: imports rewritten, and what they will not do told. Changes no file."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from alula.sdk.absent import INSTEAD, counterpart, instead_of_module
from alula.sdk.absent_members import ABSENT
from alula.sdk.authoring import launch_plan, map_task, overrides, task_settings
from alula.sdk.client.flyte_remote_absent import ELSEWHERE, MAKING

_TOP = "flytekit"
_PLUGINS = "flytekitplugins"
_CORE = "core"
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "task": task_settings.REPLACED,
    "dynamic": task_settings.REPLACED,
    "map_task": map_task.REPLACED,
    "create": launch_plan.REPLACED,
    "get_or_create": launch_plan.REPLACED,
    "FlyteRemote": MAKING,
}
"""Settings of flytekit that do not exist here, by the last name of what takes them."""


class Finding(NamedTuple):
    """A place that will not run as it is."""

    line: int
    message: str
    fix: str


class Ported(NamedTuple):
    """A file after porting."""

    text: str
    findings: list[Finding]


class _Edit(NamedTuple):
    line: int
    start: int
    end: int
    text: str


@dataclass(slots=True)
class _File:
    """One file while it is looked at."""

    lines: list[bytes]
    """As the parser counts them: columns are bytes."""
    bound: dict[str, str] = field(default_factory=dict[str, str])
    """Names of the file, with what they are in flytekit: `fk` is `flytekit`."""
    remotes: set[str] = field(default_factory=set[str])
    """Variables that hold a `FlyteRemote`."""
    edits: set[_Edit] = field(default_factory=set[_Edit])
    findings: dict[Finding, None] = field(default_factory=dict[Finding, None])

    def find(self, node: ast.AST, message: str, fix: str) -> None:
        self.findings[Finding(getattr(node, "lineno", 1), message, fix)] = None

    def replace(self, line: int, start: int, old: str, new: str) -> None:
        if old != new:
            self.edits.add(_Edit(line, start, start + len(old.encode()), new))


def port(source: str) -> Ported:
    """The source with the imports of Alula, and what is missing or means something else. Raises `SyntaxError`."""
    tree = ast.parse(source)
    file = _File(source.encode().splitlines(keepends=True))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            _import_from(file, node)
        elif isinstance(node, ast.Import):
            _import(file, node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            _remember_remote(file, node, node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and file.bound.get(node.id) == _TOP == node.id:
            file.replace(node.lineno, node.col_offset, _TOP, "alula")
        elif isinstance(node, ast.Attribute):
            _attribute(file, node)
        elif isinstance(node, ast.Call):
            _call(file, node)
    return Ported(_edited(file), sorted(file.findings))


def _import_from(file: _File, node: ast.ImportFrom) -> None:
    module = node.module or ""
    _refuse_plugin(file, node, module)
    if node.level or not _is_flytekit(module):
        return
    line = file.lines[node.lineno - 1]
    found = re.compile(rb"from\s+").match(line, node.col_offset)
    if found:
        file.replace(node.lineno, found.end(), module, counterpart(module))
    if _refuse_module(file, node, module):
        return
    for alias in node.names:
        file.bound[alias.asname or alias.name] = f"{module}.{alias.name}"
        if alias.name != "*":
            _check_name(file, alias, module, alias.name)


def _import(file: _File, node: ast.Import) -> None:
    for alias in node.names:
        _refuse_plugin(file, alias, alias.name)
        if not _is_flytekit(alias.name):
            continue
        file.replace(alias.lineno, alias.col_offset, alias.name, counterpart(alias.name))
        file.bound[alias.asname or _TOP] = alias.name if alias.asname else _TOP
        _refuse_module(file, alias, alias.name)


def _is_flytekit(module: str) -> bool:
    return module == _TOP or module.startswith(f"{_TOP}.")


def _refuse_plugin(file: _File, node: ast.AST, module: str) -> None:
    if module.partition(".")[0] == _PLUGINS:
        file.find(node, f"`{module}` is a plugin of flytekit", "write the kind of task or type, see docs/extending.md")


def _refuse_module(file: _File, node: ast.AST, module: str) -> bool:
    fix = instead_of_module(module)
    if fix is None and importlib.util.find_spec(counterpart(module)) is None:
        fix = "see docs/porting.md"
    if fix is not None:
        file.find(node, f"`{module}` is not in Alula", fix)
    return fix is not None


def _check_name(file: _File, node: ast.AST, module: str, name: str) -> None:
    """Tell of a name that a module here does not have."""
    if not _has(module, name):
        file.find(node, f"`{name}` of `{module}` is not in Alula", INSTEAD.get(name, "see docs/porting.md"))


def _has(module: str, name: str) -> bool:
    here = importlib.import_module(counterpart(module))
    try:
        return hasattr(here, name) or _is_module(f"{module}.{name}")
    except ImportError:
        return False


def _is_module(module: str) -> bool:
    """True for a module of flytekit that is here."""
    if instead_of_module(module) is not None:
        return False
    try:
        return importlib.util.find_spec(counterpart(module)) is not None
    except ModuleNotFoundError:  # a name inside what is no package
        return False


def _original(file: _File, node: ast.expr) -> str | None:
    """The whole name in flytekit of an expression; None for anything else."""
    if isinstance(node, ast.Name):
        return file.bound.get(node.id)
    if isinstance(node, ast.Attribute):
        inside = _original(file, node.value)
        return f"{inside}.{node.attr}" if inside is not None else None
    return None


def _attribute(file: _File, node: ast.Attribute) -> None:
    value = _original(file, node.value)
    if value == _TOP and node.attr == _CORE and isinstance(node.value, ast.Name):
        line, end = node.end_lineno, node.end_col_offset
        if line is not None and end is not None:
            file.replace(line, end - len(_CORE), _CORE, "flytekit_core")
    elif value is not None and _is_module(value) and not _is_module(f"{value}.{node.attr}"):
        if not _refuse_inside(file, node, f"{value}.{node.attr}"):
            _check_name(file, node, value, node.attr)
    elif isinstance(node.value, ast.Name) and node.value.id in file.remotes and node.attr in ELSEWHERE:
        file.find(node, f"`FlyteRemote` has no `{node.attr}`", ELSEWHERE[node.attr])
    elif member := _absent_member(file, node):
        file.find(node, f"`{member}` is not in Alula", ABSENT[member])


def _absent_member(file: _File, node: ast.Attribute) -> str | None:
    """A member that a class here does not have, where it is asked of the class, of an object made in place, or of the
    running task's surroundings."""
    value = node.value.func if isinstance(node.value, ast.Call) else node.value
    name = (_original(file, value) or "").rpartition(".")[2]
    member = f"{'ExecutionParameters' if name == 'current_context' else name}.{node.attr}"
    return member if member in ABSENT else None


def _refuse_inside(file: _File, node: ast.AST, module: str) -> bool:
    fix = instead_of_module(module)
    if fix is not None:
        file.find(node, f"`{module}` is not in Alula", fix)
    return fix is not None


def _remember_remote(file: _File, node: ast.Assign, call: ast.Call) -> None:
    made = _original(file, call.func)
    if made is not None and "FlyteRemote" in made.split("."):
        file.remotes.update(target.id for target in node.targets if isinstance(target, ast.Name))


def _call(file: _File, node: ast.Call) -> None:
    """Tell of settings that do not exist here."""
    called = _original(file, node.func)
    last = called.rpartition(".")[2] if called is not None else ""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "with_overrides":
        last, known = "with_overrides", overrides.REPLACED
    else:
        known = _SETTINGS.get(last, {})
    fields = _fields(called) if called is not None else ()
    for keyword in node.keywords:
        name = keyword.arg
        if name is None or (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
            continue
        fix = known.get(name) or ABSENT.get(f"{last}({name}=)")
        if fix is not None:
            file.find(keyword, f"`{last}` has no setting `{name}`", fix)
        elif fields and name not in fields:
            file.find(keyword, f"`{last}` has no setting `{name}`", f"there are: {', '.join(fields)}")


def _fields(name: str) -> tuple[str, ...]:
    """The fields of a record of flytekit that is one here too; empty for anything else."""
    module, _, attribute = name.rpartition(".")
    if not module or not _is_module(module) or not _has(module, attribute):
        return ()
    found: object = getattr(importlib.import_module(counterpart(module)), attribute, None)
    fields: tuple[str, ...] | None = getattr(found, "_fields", None)
    return fields if fields is not None and isinstance(found, type) else ()


def _edited(file: _File) -> str:
    return b"".join(_lines(file)).decode()


def _lines(file: _File) -> Iterator[bytes]:
    by_line: dict[int, list[_Edit]] = {}
    for edit in sorted(file.edits, reverse=True):
        by_line.setdefault(edit.line, []).append(edit)
    for number, line in enumerate(file.lines, start=1):
        for edit in by_line.get(number, ()):
            line = line[: edit.start] + edit.text.encode() + line[edit.end :]
        yield line
