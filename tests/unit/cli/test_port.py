"""Porting: what is rewritten, what is told, and what is left alone."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from alula.cli.main import cli
from alula.cli.porting import port

REWRITTEN = {
    "from flytekit import task as t, workflow": "from alula import task as t, workflow",
    "import flytekit": "import alula",
    "import flytekit as fk\nfk.task": "import alula as fk\nfk.task",
    "import flytekit\nx = flytekit.core.gate.approve": "import alula\nx = alula.flytekit_core.gate.approve",
    "import flytekit.types.file\nflytekit.types.file.CSVFile": "import alula.types.file\nalula.types.file.CSVFile",
    "from flytekit.core.node_creation import (\n    create_node,\n)": (
        "from alula.flytekit_core.node_creation import (\n    create_node,\n)"
    ),
    "try:\n    from flytekit.types.directory import FlyteDirectory\nexcept ImportError: ...": (
        "try:\n    from alula.types.directory import FlyteDirectory\nexcept ImportError: ..."
    ),
    "import os, flytekit.testing as ft": "import os, alula.testing as ft",
    "é = 1; from flytekit import task  # flytekit": "é = 1; from alula import task  # flytekit",
}
LEFT = [
    "flytekit = 3\nflytekit",
    "import flytekitty",
    "from .flytekit import task",
    "x = 'from flytekit import task'",
    "a.flytekit.b",
]
TOLD = {
    "from flytekit import SensorEngine": ("`SensorEngine` of `flytekit` is not in Alula", "register_task_kind"),
    "from flytekit import made_up": ("`made_up` of `flytekit` is not in Alula", "docs/porting.md"),
    "from flytekit.tools import translator": ("`flytekit.tools` is not in Alula", "alula register"),
    "import flytekit.nothing": ("`flytekit.nothing` is not in Alula", "docs/porting.md"),
    "import flytekit\nflytekit.clients.friendly": ("`flytekit.clients` is not in Alula", "alula.Remote"),
    "import flytekit\nflytekit.core.type_engine.TypeEngine": ("`TypeEngine` of", "register_type"),
    "from flytekitplugins.ray import RayJobConfig": ("`flytekitplugins.ray` is a plugin", "extending"),
    "from flytekit import task\n@task(deck_fields=[])\ndef f(): ...": ("`task` has no setting `deck_fields`", "Deck"),
    "import flytekit as f\nf.LaunchPlan.create('a', w, auth_role=1)": ("`create` has no setting `auth_role`", "rights"),
    "from flytekit import ImageSpec\nImageSpec(pip_secret_mounts=[])": (
        "`ImageSpec` has no setting `pip_secret_mounts`",
        "private packages",
    ),
    "from flytekit import ImageSpec\nImageSpec(pips=[])": ("`ImageSpec` has no setting `pips`", "there are: name"),
    "from flytekit import FlyteFile\nFlyteFile('a', downloader=f)": (
        "`FlyteFile` has no setting `downloader`",
        "leave it out",
    ),
    "from flytekit import FlyteFile\nFlyteFile('a').metadata": ("`FlyteFile.metadata` is not in Alula", "dataclass"),
    "import flytekit\nflytekit.current_context().stats.incr('a')": ("`ExecutionParameters.stats` is not", "logging"),
    "from flytekit.remote import FlyteRemote\nFlyteRemote(interactive_mode_enabled=True)": (
        "`FlyteRemote` has no setting `interactive_mode_enabled`",
        "module",
    ),
    "from flytekit import task\nstep().with_overrides(aliases={})": ("`with_overrides` has no setting", "NamedTuple"),
    "from flytekit.remote import FlyteRemote\nr = FlyteRemote()\nr.client": ("`FlyteRemote` has no `client`", "alula"),
}


@pytest.mark.parametrize("source", REWRITTEN)
def test_what_is_rewritten(source):
    ported = port(source)
    assert (ported.text, ported.findings) == (REWRITTEN[source], [])


@pytest.mark.parametrize("source", LEFT)
def test_what_is_left_alone(source):
    ported = port(source)
    assert (ported.text, ported.findings) == (source, [])


@pytest.mark.parametrize("source", TOLD)
def test_what_is_told(source):
    (finding,) = port(source).findings
    message, fix = TOLD[source]
    assert message in finding.message
    assert fix in finding.fix
    assert finding.line == source.count("\n") + 1 - ("def f" in source)


def test_a_setting_that_is_none_is_none():
    assert port("from flytekit import LaunchPlan\nLaunchPlan.create('a', w, trigger=None)").findings == []


FLOW = """from flytekit import task, workflow


@task
def double(x: int) -> int:
    return 2 * x


@workflow
def w(x: int) -> int:
    return double(x=x)
"""


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["port", *arguments], standalone_mode=True)
    return done.exit_code, done.output


def test_a_folder_is_shown_then_written_and_then_there_is_nothing_left(tmp_path):
    file = tmp_path / "flow.py"
    file.write_text(FLOW)
    status, output = run(str(tmp_path))
    assert (status, file.read_text()) == (0, FLOW)
    assert "-from flytekit import task, workflow\n+from alula import task, workflow\n" in output
    assert "everything here runs" in output
    assert run(str(tmp_path), "--write", "--no-try")[0] == 0
    assert file.read_text() == FLOW.replace("flytekit", "alula")
    assert "nothing here comes from flytekit" in run(str(tmp_path))[1]


def test_a_file_that_does_not_compile_is_told(tmp_path):
    (tmp_path / "flow.py").write_text(FLOW.replace("x=x", "y=x"))
    status, output = run(str(tmp_path))
    assert status == 1
    assert "flow.py: does not load" in output
    assert "error[UnknownArgument]" in output
    assert "alula-port-" not in output


def test_what_is_missing_is_told_by_file_and_line(tmp_path):
    (tmp_path / "flow.py").write_text("from flytekit import SensorEngine\n")
    status, output = run(str(tmp_path))
    assert status == 1
    assert "flow.py:1: `SensorEngine` of `flytekit` is not in Alula\n  fix: " in output
