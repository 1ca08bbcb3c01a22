"""Workflows written for flytekit give, after `alula port`, on a platform what they give with flytekit.

Where they run in this process, and whence `expected.json` comes: `tests/unit/sdk/test_flytekit_flows.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from tests import modules
from tests.integration.platform import RunningPlatform
from tests.unit.sdk.record_flytekit_flows import FLOWS, arguments

from alula import Remote
from alula.cli.porting import port
from alula.sdk.client.remote import Run

EXPECTED: dict[str, dict[str, object]] = json.loads((FLOWS / "expected.json").read_text())
CASES = [(module, name) for module, workflows in EXPECTED.items() for name in workflows]
TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ModuleType]]:
    folder = tmp_path_factory.mktemp("ported")
    for name in EXPECTED:
        (folder / f"{name}.py").write_text(port((FLOWS / f"{name}.py").read_text()).text)
    yield {name: modules.load(name, folder / f"{name}.py") for name in EXPECTED}
    for name in EXPECTED:
        del sys.modules[name]


@pytest.fixture(scope="module")
def runs(
    platform: RunningPlatform, ported: dict[str, ModuleType], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Run]]:
    """All of them, begun at once."""
    folder = tmp_path_factory.mktemp("books")
    with Remote(platform.grpc) as remote:
        yield {name: remote.execute(getattr(ported[module], name), arguments(name, folder)) for module, name in CASES}


@pytest.mark.filterwarnings("ignore:values are pickled")
@pytest.mark.parametrize("name", [name for _, name in CASES])
def test_a_workflow_gives_on_a_platform_what_it_gives_with_flytekit(name, runs):
    run = runs[name].wait(TIMEOUT_S)
    assert run.error is None
    given = tuple(run.outputs.values())
    expected = next(workflows[name] for workflows in EXPECTED.values() if name in workflows)
    assert json.loads(json.dumps(given[0] if len(given) == 1 else given or None)) == expected
