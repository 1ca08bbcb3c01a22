"""Steps that are registered apart from the workflows that call them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.integration.platform import RunningPlatform, alula

FLOWS = Path(__file__).parent / "flows"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(platform: RunningPlatform) -> Run:
    done = alula("register", str(FLOWS / "registered.py"), "--version", "v1", "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr
    flow = str(FLOWS / "referring.py")
    return lambda *words: alula("run", "--remote", "--wait", flow, *words, "--endpoint", platform.grpc)


def test_references_run_wherever_a_step_may_stand(run: Run) -> None:
    done = run("everything", "--x", "2")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == {"o0": "7 12 15 20", "o1": "7 11 15", "o2": [3, 3], "o3": 15}


@pytest.mark.parametrize(
    ("workflow", "error", "told"),
    [
        ("mistyped", "ReferenceMismatch", "input `x` is int, not str"),
        ("lost", "ReferenceNotFound", "did you mean `registered.add`?"),
    ],
)
def test_a_reference_that_does_not_hold_is_refused(run: Run, workflow: str, error: str, told: str) -> None:
    done = run(workflow, "--x", "1")
    assert (done.returncode, f"error[{error}]" in done.stderr, told in done.stderr) == (2, True, True), done.stderr
