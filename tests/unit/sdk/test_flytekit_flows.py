"""Workflows written for flytekit give, after `alula port`, what they give with flytekit.

`flytekit_flows/expected.json` is what flytekit 1.16.31 gave, by `record_flytekit_flows.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from tests import modules
from tests.unit.sdk.record_flytekit_flows import FLOWS, arguments

from alula.cli.porting import port
from alula.sdk.authoring.workflow import Workflow

EXPECTED: dict[str, dict[str, object]] = json.loads((FLOWS / "expected.json").read_text())
CASES = [(module, name) for module, workflows in EXPECTED.items() for name in workflows]


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    folder = tmp_path_factory.mktemp("ported")
    return {name: load(name, folder) for name in EXPECTED}


def load(name: str, folder: Path) -> ModuleType:
    moved = port((FLOWS / f"{name}.py").read_text())
    assert moved.findings == []
    path = folder / f"flytekit_flows_{name}.py"
    path.write_text(moved.text)
    return modules.load(path.stem, path)


@pytest.mark.parametrize(("module", "name"), CASES, ids=[name for _, name in CASES])
def test_a_workflow_gives_what_it_gives_with_flytekit(module, name, ported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workflow = getattr(ported[module], name)
    assert isinstance(workflow, Workflow)
    given = workflow(**arguments(name, tmp_path))
    assert json.loads(json.dumps(given)) == EXPECTED[module][name]
