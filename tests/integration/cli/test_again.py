"""Relaunching, recovering and forking runs, from the command line and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform, alula

from alula import Remote, Resources
from alula.core.errors import FailedPrecondition

FLOW = str(Path(__file__).parent / "flows" / "again.py")
ALL = ["load", "spread", "square 10", "square 11", "square 12", "square 0", "square 1", "square 2", "total"]
SQUARES = 100 + 121 + 144 + 0 + 1


class Scene:
    """A pipeline that fails until it is mended, and the steps that ran."""

    def __init__(self, platform: RunningPlatform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder

    def __call__(self, *words: str, status: int = 0) -> str:
        done = alula(*words, "--endpoint", self.platform.grpc)
        assert done.returncode == status, done.stderr
        return done.stdout.strip()

    def launch(self, name: str, *, status: int = 0) -> str:
        shown = ("--wait", "--name", name, FLOW, "pipeline", "--folder", str(self.folder))
        return self("run", "--remote", *shown, status=status)

    def mend(self) -> None:
        (self.folder / "mended").touch()

    def steps(self) -> list[str]:
        """What has run since this was asked last; items in any order."""
        file = self.folder / "steps"
        steps = file.read_text().split("\n")[:-1] if file.exists() else []
        file.unlink(missing_ok=True)
        return sorted(steps)


@pytest.fixture
def scene(platform: RunningPlatform, tmp_path: Path) -> Scene:
    return Scene(platform, tmp_path)


def test_a_recovered_run_does_what_was_left(scene: Scene, tmp_path: Path) -> None:
    name = f"broken-{tmp_path.name[-1]}"
    scene.launch(name, status=1)
    assert scene.steps() == sorted(set(ALL) - {"total"})
    scene.mend()
    recovered = scene("recover", name, "--wait", "-o", "json")
    assert scene.steps() == ["square 2", "total"]
    run = json.loads(recovered)
    assert run["spec"]["metadata"]["mode"] == "RECOVERED"
    assert run["spec"]["metadata"]["reference_execution"]["name"] == name
    # The item went on from the checkpoint that its last attempt had kept.
    data = json.loads(scene("describe", "execution", run["id"]["name"], "-o", "json"))
    assert int(data["full_outputs"]["literals"]["o0"]["scalar"]["primitive"]["integer"]) == SQUARES + 4 + 100
    phases = {node["id"]["node_id"]: node["closure"]["phase"] for node in data["node_executions"]}
    assert phases["n0"] == phases["n1"] == "RECOVERED"
    assert {reason["code"] for reason in data["reasons"]} >= {"Recovered", "ItemsRecovered"}


def test_a_fork_runs_a_node_and_what_comes_after_it(scene: Scene) -> None:
    scene.mend()
    scene.launch("whole")
    scene.steps()
    forked = scene("fork", "whole", "--from", "n1-0-dn2", "--wait", "--cpu", "200m", "--mem", "300Mi")
    assert scene.steps() == ["square 0", "square 1", "square 12", "square 2", "total"]
    assert forked.endswith(str(SQUARES + 4))


def test_a_fork_takes_the_name_of_a_task_if_it_stands_for_one_node(scene: Scene, tmp_path: Path) -> None:
    name = f"named-{tmp_path.name[-1]}"
    scene.mend()
    scene.launch(name)
    scene.steps()
    scene("fork", name, "--from", "total", "--wait")
    assert scene.steps() == ["total"]
    refused = alula("fork", name, "--from", "square", "--endpoint", scene.platform.grpc)
    assert (refused.returncode, "error[SeveralNodes]" in refused.stderr) == (2, True)


def test_other_inputs_run_what_depends_on_them(scene: Scene) -> None:
    scene.mend()
    scene.launch("inputs")
    scene.steps()
    assert scene("fork", "inputs", "--input", "extra=1000", "--wait").endswith(str(SQUARES + 1004))
    assert scene.steps() == ["total"]


def test_a_relaunch_does_all_of_it_again(scene: Scene) -> None:
    scene.mend()
    scene.launch("once")
    scene.steps()
    scene("relaunch", "once", "--wait")
    assert scene.steps() == sorted(ALL)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["fork", "faults", "--from", "n77"], "NodeExecutionNotFound"),
        (["fork", "faults", "--from", "n0", "--mem", "lots"], "InvalidQuantity"),
        (["fork", "faults", "--mem", "1Gi"], "NoNodesToChange"),
        (["fork", "faults", "--input", "nope=1"], "UnknownInput"),
        (["fork", "faults", "--input", "n=many"], "BadValue"),
        (["fork", "faults", "--input", "n"], "BadOption"),
        (["fork", "faults", "--version", "v0"], "LaunchPlanNotFound"),
        (["fork", "faults", "--name", "faults"], "ExecutionExists"),
        (["recover", "faults", "--name", "faults"], "ExecutionExists"),
        (["recover", "nobody"], "ExecutionNotFound"),
        (["relaunch", "nobody"], "ExecutionNotFound"),
    ],
)
def test_what_can_not_be_is_said(scene: Scene, words: list[str], code: str) -> None:
    launch = ("run", "--remote", "--wait", "--name", "faults", FLOW, "pipeline", "--folder", str(scene.folder))
    alula(*launch, "--endpoint", scene.platform.grpc)
    done = alula(*words, "--endpoint", scene.platform.grpc)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error[{code}]")
    assert done.stdout == ""


def test_from_python(scene: Scene) -> None:
    scene.mend()
    scene.launch("program")
    scene.steps()
    with Remote(scene.platform.grpc) as remote:
        run = remote.run("program")
        forked = run.fork("n3", inputs={"extra": 1}, resources=Resources(mem="300Mi")).wait(30)
        assert forked.outputs == {"o0": SQUARES + 5}
        assert scene.steps() == ["total"]
        assert run.recover().wait(30).outputs == {"o0": SQUARES + 4}
        assert run.relaunch().wait(30).outputs == {"o0": SQUARES + 4}


def test_a_run_that_goes_on_can_not_be_recovered(platform: RunningPlatform) -> None:
    flow = str(Path(__file__).parent / "flows" / "steps.py")
    with Remote(platform.grpc) as remote:
        alula("run", "--remote", "--name", "goes-on", flow, "patient", "--endpoint", platform.grpc)
        run = remote.run("goes-on")
        with pytest.raises(FailedPrecondition, match="has not ended"):
            run.recover()
        run.abort()
