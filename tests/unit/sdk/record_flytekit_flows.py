"""What the workflows of `flytekit_flows` give when flytekit runs them: `python record_flytekit_flows.py`, where it is
installed, writes `flytekit_flows/expected.json`."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

FLOWS = Path(__file__).with_name("flytekit_flows")


def arguments(name: str, folder: Path) -> dict[str, object]:
    """Inputs of a workflow, where it has no defaults. The folder is one that its tasks may write to."""
    given: dict[str, dict[str, object]] = {
        "wf_imperative": {"n": 3},
        "wf_order": {"book": str(folder / "order")},
        "wf_create_node": {"book": str(folder / "node")},
    }
    return given.get(name, {})


def outcomes(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Each workflow of a module with what it gives, as JSON."""
    for name in sorted(vars(module)):
        if name.startswith("wf_"):
            given = getattr(module, name)(**arguments(name, Path.cwd()))
            yield name, json.loads(json.dumps(given))


if __name__ == "__main__":
    sys.path.insert(0, str(FLOWS))
    os.chdir(tempfile.mkdtemp())
    names = sorted(path.stem for path in FLOWS.glob("*.py"))
    found = {name: dict(outcomes(importlib.import_module(name))) for name in names}
    (FLOWS / "expected.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
