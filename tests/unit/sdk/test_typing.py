"""Type checkers see the true signatures: correct code is green and mistakes are red, to pyright and to mypy."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import alula

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).with_name("typing_cases.py")
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
STRICT = {
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    # Parts of a program that a page goes on with, and libraries without types
    **dict.fromkeys(("reportUndefinedVariable", "reportUntypedFunctionDecorator", "reportUnusedExpression"), False),
    **dict.fromkeys((f"reportUnknown{kind}Type" for kind in ("Argument", "Lambda", "Member", "Variable")), False),
    **dict.fromkeys(("reportMissingTypeStubs", "reportMissingModuleSource"), False),
}
AS_STRICT = ["--strict", "--no-warn-unused-ignores", "--disable-error-code=name-defined"]
AS_STRICT += ["--disable-error-code=untyped-decorator", "--disable-error-code=import-untyped"]
AS_STRICT += ["--disable-error-code=empty-body"]  # of references, whose bodies are elsewhere
AS_STRICT += ["--disable-error-code=no-any-return"]  # of tasks that are no functions
FLOW = """
from alula import task, workflow

@task
def total(rows: list[int]) -> int:
    return sum(rows)

@workflow
def pipeline(n: int) -> int:
    return total(rows=[n])
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Path:
    """The cases, what the documentation shows in Python, and the examples, side by side."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / CASES.name).write_text(CASES.read_text())
    (folder / "flow.py").write_text(FLOW)  # pages call their program so
    for page in sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"]):
        for number, code in enumerate(FENCE.findall(page.read_text())):
            (folder / f"{page.stem.replace('-', '_').lower()}_{number}.py").write_text(code)
    for example in ROOT.glob("examples/**/*.py"):
        (folder / example.name).write_text(example.read_text())
    (folder / "pyrightconfig.json").write_text(json.dumps(STRICT))
    return folder


@pytest.mark.timeout(600)
def test_pyright_is_green_on_what_the_documentation_shows_and_red_on_mistakes(shown):
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(shown)]
    answer = json.loads(subprocess.run(command, check=False, capture_output=True, text=True, cwd=shown).stdout)
    assert answer["summary"]["filesAnalyzed"] == len([*shown.glob("*.py")]) > 40
    # An error that the cases do not expect, and an expected one that there is not
    assert [
        f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}: {each['message']}"
        for each in answer["generalDiagnostics"]
        if each["severity"] == "error"
    ] == []


@pytest.mark.timeout(600)
def test_so_is_mypy(shown):
    files = sorted(path.name for path in shown.glob("*.py"))
    command = [sys.executable, "-m", "mypy", *AS_STRICT, "--no-error-summary", f"--cache-dir={ROOT / '.mypy_cache'}"]
    answer = subprocess.run([*command, *files], check=False, capture_output=True, text=True, cwd=shown)
    assert answer.stderr == ""
    found = {tuple(line.split(":", 2)[:2]): line for line in answer.stdout.splitlines() if ": error: " in line}
    marked = {
        (CASES.name, str(number))
        for number, line in enumerate(CASES.read_text().splitlines(), 1)
        if "# pyright: ignore" in line or "asyncio.gather" in line  # mypy has no types for that here
    }
    assert [line for place, line in found.items() if place not in marked] == []
    assert marked - found.keys() == set()


def test_a_named_tuple_has_nothing_but_fields_and_methods():
    """mypy reads no field of one that has more, so that making one is an error to it."""
    folder = Path(alula.__file__).parent / "sdk"
    classes = [
        (path.name, each)
        for path in folder.rglob("*.py")
        for each in ast.walk(ast.parse(path.read_text()))
        if isinstance(each, ast.ClassDef) and any(ast.unparse(base) == "NamedTuple" for base in each.bases)
    ]
    assert [
        (file, each.name) for file, each in classes if any(isinstance(part, ast.Assign) for part in each.body)
    ] == []
    assert len(classes) > 40
