"""Failure handlers: what they get, and that the run fails all the same."""

import pytest

from alula import FlyteError, LaunchPlan, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.types.engine import to_literal, to_python

HANDLED: list[tuple[object, ...]] = []


@pytest.fixture(autouse=True)
def handled():
    HANDLED.clear()
    return HANDLED


@task
def fails(x: int) -> int:
    raise ValueError(f"no {x}")


@task
def clean(x: int, note: str = "default", err: FlyteError | None = None) -> None:
    HANDLED.append((x, note, err))


@task
def told_only(problem: FlyteError | None) -> None:
    HANDLED.append((problem,))


@task
def fails_too(x: int) -> None:
    raise KeyError("handler")


@workflow
def cleaning(x: int, err: FlyteError | None = None) -> None:
    clean(x=x, note="from a workflow", err=err)


@workflow(on_failure=clean)
def flow(x: int, unused: str = "u") -> int:
    return fails(x=x)


def test_a_task_gets_inputs_and_error(handled):
    with pytest.raises(ValueError, match="no 3"):
        flow(x=3)
    (x, note, error) = handled[0]
    assert (x, note, error.failed_node_id) == (3, "default", "n0")
    assert error.message.startswith("ValueError: no 3")


def test_a_workflow_may_handle_failures(handled):
    @workflow(on_failure=cleaning)
    def by_workflow(x: int) -> int:
        return fails(x=x)

    with pytest.raises(ValueError, match="no 3"):
        by_workflow(x=3)
    assert handled[0][:2] == (3, "from a workflow")


def test_a_handler_need_not_take_inputs(handled):
    @workflow(on_failure=told_only)
    def flow(x: int) -> int:
        return fails(x=x)

    with pytest.raises(ValueError, match="no 4"):
        flow(x=4)
    assert handled[0][0].message.startswith("ValueError: no 4")


def test_a_handler_runs_for_a_workflow_inside_another(handled):
    @workflow
    def outer(x: int) -> int:
        return flow(x=x)

    with pytest.raises(ValueError, match="no 5"):
        outer(x=5)
    assert handled[0][2].failed_node_id == "n0-0-n0"


def test_a_handler_runs_for_a_launch_plan_inside_a_workflow(handled):
    plan = LaunchPlan.get_or_create(flow)

    @workflow
    def outer(x: int) -> int:
        return plan(x=x)

    with pytest.raises(Exception, match="no 6"):
        outer(x=6)
    assert handled[0][0] == 6


def test_a_handler_does_not_run_after_success(handled):
    @task
    def works(x: int) -> int:
        return x

    @workflow(on_failure=clean)
    def working(x: int) -> int:
        return works(x=x)

    assert working(x=1) == 1
    assert handled == []


def test_a_handler_that_fails_is_the_failure():
    @workflow(on_failure=fails_too)
    def flow(x: int) -> int:
        return fails(x=x)

    with pytest.raises((KeyError, ValueError)):
        flow(x=1)


def test_a_handler_is_registered_with_its_workflow():
    @workflow(on_failure=cleaning)
    def flow(x: int) -> int:
        return fails(x=x)

    serialized = serialize(flow, settings=SerializationSettings(require_importable=False))
    assert clean.name in serialized.tasks
    assert [each.id.name for each in serialized.workflows[flow.name].sub_workflows] == [cleaning.name]


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (lambda: 3, "expected a task or workflow"),
        (lambda: _task("y", int), r"has no input `y` for it; give `y` a default"),
        (lambda: _task("err", FlyteError), r"take the error as `err: FlyteError \| None = None`"),
        (lambda: _task("x", str), "input `x` of task `handler` expects str"),
    ],
)
def test_a_handler_that_cannot_be_called_is_refused(handler, told):
    with pytest.raises(InvalidInput, match=told) as raised:

        @workflow(on_failure=handler())
        def flow(x: int) -> int:
            return fails(x=x)

        flow(x=1)
    assert __file__ in str(raised.value)


def _task(name, type_):
    namespace = {}
    exec(f"def handler({name}): ...", namespace)
    namespace["handler"].__annotations__ = {name: type_, "return": None}
    return task(namespace["handler"])


def test_an_error_is_a_value_like_others(tmp_path):
    from alula.sdk.store import FileStore

    store = FileStore(str(tmp_path), str(tmp_path))
    error = FlyteError(message="m", failed_node_id="n0")
    for type_ in (FlyteError, FlyteError | None):
        assert to_python(to_literal(error, type_, store), type_, store) == error
    with pytest.raises(TypeError, match="expected FlyteError, got str"):
        to_literal("m", FlyteError, store)
