"""`Remote`: a platform as Python programs use it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests import modules
from tests.integration.platform import RunningPlatform

from alula import Remote
from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition, InvalidInput, NotFound
from alula.sdk.client.upload import RemoteStore

TIMEOUT_S = 30.0


@pytest.fixture(scope="module")
def steps():
    """The flows as a program would import them."""
    yield modules.load("steps", Path(__file__).parent / "flows" / "steps.py")
    del sys.modules["steps"]


@pytest.fixture
def remote(platform: RunningPlatform):
    with Remote(platform.grpc) as remote:
        yield remote


def test_outputs_come_back_as_python_values(remote, steps):
    run = remote.execute(steps.wide, {"xs": [2, 3]}).wait(TIMEOUT_S)
    assert run.outputs == {"scaled": [2, 3], "seven": 7}
    assert remote.run(run.id.name).outputs == run.outputs


def test_tasks_and_launch_plans_are_executed_too(remote, steps):
    assert remote.execute(steps.greet, {"name": "Bo"}).wait(TIMEOUT_S).outputs == {"o0": "Hello, Bo!"}
    assert remote.execute(steps.ada).wait(TIMEOUT_S).outputs == {"o0": "Hello, Ada!"}


def test_what_is_registered_is_fetched_and_executed_without_its_code(remote, steps):
    ids = remote.register(steps.hello)
    plan = remote.fetch_launch_plan("steps.hello")
    assert plan.id in ids
    assert remote.execute(plan, {"name": "Cy"}).wait(TIMEOUT_S).outputs == {"o0": "Hello, Cy!"}
    task = remote.fetch_task("steps.greet", ids[0].version)
    assert remote.execute(task, {"name": "Di"}).wait(TIMEOUT_S).outputs == {"o0": "Hello, Di!"}


def test_a_failed_run_tells_why_and_has_no_outputs(remote, steps):
    run = remote.execute(steps.failing).wait(TIMEOUT_S)
    assert run.phase is ExecutionPhase.FAILED
    assert run.error is not None
    assert run.error.code == "USER:ZeroDivisionError"
    with pytest.raises(FailedPrecondition, match="has no outputs"):
        _ = run.outputs


def test_a_map_task_is_executed_by_its_variable(remote, steps):
    run = remote.execute(steps.trebled, {"x": [4, 5]}).wait(TIMEOUT_S)
    assert list(run.outputs.values()) == [[12, 15]]


def test_a_run_can_be_aborted(remote, steps):
    run = remote.execute(steps.patient)
    run.abort("enough")
    assert run.wait(TIMEOUT_S).phase is ExecutionPhase.ABORTED
    assert run.message.closure.abort_metadata.cause == "enough"


def test_mistakes_are_named(remote, steps):
    with pytest.raises(InvalidInput, match="has no input `nme`"):
        remote.execute(steps.hello, {"nme": "x"})
    with pytest.raises(InvalidInput, match="expected str, got int 3"):
        remote.execute(steps.hello, {"name": 3})
    with pytest.raises(NotFound):
        remote.fetch_task("nosuch")
    with pytest.raises(NotFound):
        remote.run("nosuch")


@pytest.mark.parametrize(
    ("folders", "files"),
    [(["empty", "a/deeper"], ["a/file"]), ([], ["file"]), (["one", "two"], []), ([], [])],
    ids=["beside files", "none", "alone", "itself"],
)
def test_empty_folders_arrive_as_they_are(remote: Remote, tmp_path: Path, folders: list[str], files: list[str]):
    sent = tmp_path / "sent"
    sent.mkdir()
    for name in folders:
        (sent / name).mkdir(parents=True)
    for name in files:
        (sent / name).write_text("content")
    store = RemoteStore(remote.connection, project=remote.project, domain=remote.domain)
    got = Path(store.download(store.upload(str(sent))))
    assert got.name == "sent"
    assert sorted(each.relative_to(got) for each in got.rglob("*")) == sorted(
        each.relative_to(sent) for each in sent.rglob("*")
    )
