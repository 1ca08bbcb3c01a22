"""Type checkers see the true signatures."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import alula

CASES = Path(__file__).with_name("typing_cases.py")


def test_pyright_sees_the_signatures(tmp_path):
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(CASES)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert json.loads(answer.stdout)["summary"]["filesAnalyzed"] == 1
    found = [
        f"{each['range']['start']['line'] + 1}: {each['message']}"
        for each in json.loads(answer.stdout)["generalDiagnostics"]
        if each["severity"] == "error"
    ]
    assert found == []
    assert answer.returncode == 0


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
