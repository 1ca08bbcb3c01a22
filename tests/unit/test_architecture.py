"""The structure that ARCHITECTURE.md promises: layers, no cycles, rooms of a size that one can keep in mind."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
LINES_MAX = 800


def test_the_layers_hold_for_every_import_also_those_inside_functions() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_imports_itself_by_way_of_others_not_even_for_types_or_inside_functions() -> None:
    graph = grimp.build_graph("alula", exclude_type_checking_imports=False, cache_dir=None)
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    cycles = [module for module in imported if module in _reached(module, imported)]
    assert cycles == []


@pytest.mark.parametrize("folder", ["src", "tests", "bench", "examples"])
def test_no_file_is_longer_than_one_can_keep_in_mind(folder: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_MAX} == {}


def test_the_api_reads_and_changes_nothing_past_the_use_cases() -> None:
    ports = {"store", "blobs", "hub"}
    reached = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}"
        for path in (ROOT / "src/alula/server/api").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ports
    ]
    assert reached == []


def _reached(module: str, imported: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(imported[module])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting.extend(imported[other])
    return reached
