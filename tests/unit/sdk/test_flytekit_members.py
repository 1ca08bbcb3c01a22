"""Members of tasks, workflows and launch plans by flytekit's names, with flytekit's meaning."""

from __future__ import annotations

from datetime import timedelta

import pandas
import pytest

import alula
from alula import FixedRate, LaunchPlan, StructuredDatasetFormat, map_task, task, workflow
from alula.core.errors import InvalidInput
from alula.types.schema import FlyteSchema


@task
def double(n: int) -> int:
    return n * 2


@workflow
def pipeline(n: int, depth: int = 3) -> int:
    return double(n=n)


built = alula.Workflow(name="built")
built.add_workflow_input("n", int)
built.add_workflow_output("o0", built.add_entity(double, n=built.inputs["n"]).outputs["o0"])


@pytest.mark.parametrize(
    ("entity", "inputs", "outputs"),
    [
        (double, {"n": int}, {"o0": int}),
        (pipeline, {"n": int, "depth": int}, {"o0": int}),
        (built, {"n": int}, {"o0": int}),
        (map_task(double), {"n": list[int]}, {"o0": list[int]}),
        (LaunchPlan.create("fixed", pipeline, fixed_inputs={"depth": 1}), {"n": int}, {"o0": int}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_entity_tells_its_types(entity, inputs, outputs):
    assert (entity.python_interface.inputs, entity.python_interface.outputs) == (inputs, outputs)


@pytest.mark.parametrize("declared", [pipeline, built])
def test_a_workflow_tells_its_steps(declared):
    assert [node.entity for node in declared.nodes] == [double]


def test_a_launch_plan_is_cloned_with_changes():
    hourly = LaunchPlan.create(
        "hourly",
        pipeline,
        default_inputs={"n": 1},
        schedule=FixedRate(timedelta(hours=1)),
        labels={"team": "a"},
        max_parallelism=2,
        auto_activate=True,
    )
    clone = hourly.clone_with("other", labels={"team": "b"}, schedule=None)
    assert (clone.name, clone.workflow, clone.labels) == ("other", pipeline, {"team": "b"})
    assert (clone.default_inputs, clone.schedule, clone.max_parallelism) == ({"n": 1}, hourly.schedule, 2)
    assert not clone.auto_activate
    assert pipeline.launch_plans["other"] is clone
    with pytest.raises(InvalidInput, match=rf"{__file__}.* has no input `x`"):
        hourly.clone_with("wrong", fixed_inputs={"x": 1})


def test_a_member_is_refused_by_the_class_that_is_asked():
    with pytest.raises(AttributeError, match=r"flytekit's `MapTask.get_container` is not in Alula: leave it out"):
        _ = map_task(double).get_container  # pyright: ignore[reportAttributeAccessIssue]  # the mistake


def test_a_schema_of_flytekit_names_what_is_stored(tmp_path):
    pandas.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "0")
    schema = FlyteSchema(remote_path=str(tmp_path))
    assert schema.remote_path == schema.uri == str(tmp_path)
    assert schema.open().all()["a"].tolist() == [1, 2]
    with pytest.raises(InvalidInput, match="one of `uri` and `remote_path`"):
        FlyteSchema(uri="a", remote_path="b")


def test_a_format_is_a_text():
    assert StructuredDatasetFormat is str
