"""Type checkers see the true signatures."""

import json
import subprocess
import sys
from pathlib import Path

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
