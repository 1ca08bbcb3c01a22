"""Forty workflows give on a platform, registered and launched by the unmodified flytekit, what they give in its own
process. With renamed imports: `tests/integration/cli/test_flytekit_flows.py`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import RunningPlatform, alula
from tests.unit.sdk.record_flytekit_flows import FLOWS, arguments

EXPECTED: dict[str, dict[str, object]] = json.loads((FLOWS / "expected.json").read_text())

# The interface in Python has the order of the outputs, which the registered one has not.
LAUNCH = """
import importlib, json, sys
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote

remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
sys.path.insert(0, sys.argv[1])
begun = []
for module, name, inputs in json.loads(sys.argv[2]):
    workflow = getattr(importlib.import_module(module), name)
    plan = remote.fetch_launch_plan(name=workflow.name)
    begun.append((name, workflow.python_interface.outputs, remote.execute(plan, inputs=inputs)))
for name, outputs, execution in begun:
    ended = remote.wait(execution, poll_interval=0.2)
    if ended.error is not None:
        given = [ended.error.message]
    else:
        given = [ended.outputs.get(output, as_type=type) for output, type in outputs.items()]
    print(json.dumps([name, given[0] if len(given) == 1 else given or None, execution.id.name]))
"""


def test_workflows_of_flytekit_give_the_same_on_a_platform(
    flytekit_bin: Path, platform: RunningPlatform, tmp_path: Path
) -> None:
    pyflyte = Pyflyte(flytekit_bin, tmp_path, platform.grpc)
    pyflyte("register", str(FLOWS), "--version", "forty")
    launched = [
        (f"{FLOWS.name}.{module}", name, arguments(name, tmp_path))
        for module, workflows in EXPECTED.items()
        for name in workflows
    ]
    told = pyflyte.python(LAUNCH, str(FLOWS.parent), json.dumps(launched), timeout_s=240)
    ended = [json.loads(line) for line in told.splitlines() if line.startswith("[")]
    given = {name: value for name, value, _ in ended}
    assert given == {name: value for workflows in EXPECTED.values() for name, value in workflows.items()}
    # Their modules make launch plans, for which flytekit begins a thread and event loops at import.
    (run,) = (run for name, _, run in ended if name == "wf_launch_plan")
    assert "a fork of a process" in alula("describe", "execution", run, "--endpoint", platform.grpc).stdout
