"""Specifications: the same as flytekit's for the same source, the same bytes for the same code."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from flyteidl.admin.launch_plan_pb2 import LaunchPlan as LaunchPlanMessage
from flyteidl.admin.launch_plan_pb2 import LaunchPlanSpec
from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from google.protobuf import text_format
from tests import modules

from alula import Cache, FlyteFile, GrowMemory, LaunchPlan, dynamic, map_task, task, workflow
from alula.core.errors import InvalidInput
from alula.core.policy.memory_growth import MemoryGrowth, growth_of
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.discovery import discover, modules_of
from alula.sdk.serialize.tasks import task_spec

WIRE = Path(__file__).parent / "wire"
GOLDENS = json.loads((WIRE / "goldens.json").read_text())["entities"]
SETTINGS = SerializationSettings(project="p", domain="d", version="v", image="image:1", environment={"E": "1"})
LOCAL = SerializationSettings(require_importable=False)
HASH = re.compile(r"_[0-9a-f]{32}-")


@pytest.fixture(scope="module")
def flows():
    yield modules.load("flows", WIRE / "flows.py")
    del sys.modules["flows"]


@pytest.fixture(scope="module")
def everything(flows):
    named = [flows.everything, flows.mapped, flows.constants, flows.launching, flows.plan]
    return serialize(*named, settings=SETTINGS)


def text(message):
    """Without the hash in the name of a map task, which flytekit derives in its own way."""
    return HASH.sub("_hash-", text_format.MessageToString(message))


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.startswith("workflow ")])
def test_a_workflow_is_written_as_flytekit_writes_it(name, everything):
    golden = WorkflowSpec.FromString(bytes.fromhex(GOLDENS[name]))
    assert text(everything.workflows[name.partition(" ")[2]]) == text(golden)


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.startswith("task ")])
def test_a_task_is_written_as_flytekit_writes_it_but_for_its_command(name, everything):
    golden = _comparable(TaskSpec.FromString(bytes.fromhex(GOLDENS[name])))
    wanted = HASH.sub("_hash-", name.partition(" ")[2])
    assert text(golden) in [
        text(_comparable(spec)) for key, spec in everything.tasks.items() if HASH.sub("_hash-", key) == wanted
    ]


def _comparable(spec):
    copy = TaskSpec()
    copy.CopyFrom(spec)
    copy.template.container.ClearField("args")
    copy.template.metadata.ClearField("runtime")
    copy.template.metadata.ClearField("metadata")
    if copy.template.task_type_version == 1:
        copy.ClearField("description")
    return copy


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.startswith("launch plan ")])
def test_a_launch_plan_is_written_as_flytekit_writes_it(name, everything):
    golden = LaunchPlanMessage.FromString(bytes.fromhex(GOLDENS[name])).spec
    for empty in ("raw_output_data_config", "labels", "annotations"):
        golden.ClearField(empty)
    ours = everything.launch_plans[name.removeprefix("launch plan ")]
    for parameters in (golden.default_inputs.parameters, ours.default_inputs.parameters):
        for parameter in parameters.values():
            parameter.var.ClearField("description")  # flytekit forgets it in a named launch plan
            if parameter.default.scalar.HasField("none_type"):
                parameter.ClearField("default")  # flytekit puts a bare None where the type is a union
            if parameter.default.scalar.HasField("union"):
                parameter.ClearField("default")
    assert text(ours) == text(golden)


def test_the_command_is_the_contract(everything):
    settings = SerializationSettings(code_uri="/bundles/a.tar.gz")
    flows = sys.modules["flows"]
    arguments = list(serialize(flows.two, settings=settings).tasks["flows.two"].template.container.args)
    assert arguments == [
        "alula-execute",
        "--inputs", "{{.input}}",
        "--output-prefix", "{{.outputPrefix}}",
        "--raw-output-data-prefix", "{{.rawOutputDataPrefix}}",
        "--checkpoint-path", "{{.checkpointOutputPrefix}}",
        "--prev-checkpoint", "{{.prevCheckpointPrefix}}",
        "--code", "/bundles/a.tar.gz",
        "--", "task-module", "flows", "task-name", "two",
    ]  # fmt: skip
    mapped = next(spec for name, spec in everything.tasks.items() if name.startswith("flows.map_scale"))
    assert list(mapped.template.container.args)[-7:] == [
        "--", "task-module", "flows", "task-name", "scale", "map-bound", "b"
    ]  # fmt: skip


def test_the_same_code_gives_the_same_bytes(flows):
    def written():
        found = serialize(flows.everything, flows.plan, settings=SETTINGS)
        return [each.spec.SerializeToString(deterministic=True) for each in found.entities]

    first = written()
    again = modules.load("flows", WIRE / "flows.py")
    found = serialize(again.everything, again.plan, settings=SETTINGS)
    sys.modules["flows"] = flows
    assert [each.spec.SerializeToString(deterministic=True) for each in found.entities] == first


def test_what_is_needed_comes_first(everything):
    seen = set()
    for each in everything.entities:
        if isinstance(each.spec, WorkflowSpec):
            for node in each.spec.template.nodes:
                target = node.workflow_node.sub_workflow_ref.name or node.workflow_node.launchplan_ref.name
                target = target or node.task_node.reference_id.name or node.array_node.node.task_node.reference_id.name
                assert target in seen
        seen.add(each.id.name)
    assert everything.id.name == "flows.everything"
    assert set(everything.python_tasks) == set(everything.tasks)


def test_two_entities_of_one_name_are_refused():
    def made():
        @task
        def same(x: int) -> int:
            return x

        return same

    one, other = made(), made()

    @workflow
    def both(x: int) -> int:
        return other(x=one(x=x))

    with pytest.raises(InvalidInput, match=r"two entities are named `.*\.same`; the other is at") as raised:
        serialize(both, settings=LOCAL)
    assert raised.value.code == "DuplicateName"


def test_a_task_that_can_not_be_found_again_is_refused():
    @task
    def hidden(x: int) -> int:
        return x

    with pytest.raises(InvalidInput, match="task `hidden` is not an attribute of module"):
        serialize(hidden, settings=SETTINGS)
    assert serialize(hidden, settings=LOCAL).tasks


def test_a_task_under_another_name_is_found():
    command = serialize(renamed, settings=SETTINGS).tasks[f"{__name__}.original"].template.container.args
    assert list(command)[-1] == "renamed"


@task
def original(x: int) -> int:
    return x


renamed = original
del original


def test_a_workflow_that_contains_itself_is_refused():
    @workflow
    def one(x: int) -> int:
        return other(x=x)

    @workflow
    def other(x: int) -> int:
        return one(x=x)

    with pytest.raises(InvalidInput, match=r"contains itself: .*one -> .*other -> .*one"):
        serialize(one, settings=LOCAL)


def test_a_workflow_that_starts_itself_is_refused():
    @workflow
    def own(x: int) -> int:
        return own_plan(x=x)

    @workflow
    def first(x: int) -> int:
        return second_plan(x=x)

    @workflow
    def second(x: int) -> int:
        return first(x=x)

    own_plan = LaunchPlan.create("own-plan", own)
    second_plan = LaunchPlan.create("second-plan", second)
    for entity in (own, own_plan, first, second, second_plan):
        with pytest.raises(InvalidInput, match=r"a workflow (starts|contains) itself") as raised:
            serialize(entity, settings=LOCAL)
        assert raised.value.code == "RecursiveWorkflow"
    with pytest.raises(InvalidInput, match=r"starts itself through launch plan `own-plan`: .*own -> .*own"):
        own(x=1)


def test_a_dynamic_task_may_start_the_workflow_that_it_is_in():
    @dynamic
    def down(x: int) -> int:
        return countdown_plan(x=x - 1) if x else x

    @workflow
    def countdown(x: int) -> int:
        return down(x=x)

    countdown_plan = LaunchPlan.create("countdown-plan", countdown)
    assert countdown(x=2) == 0


def test_a_local_file_is_no_constant():
    @task
    def read(file: FlyteFile) -> int:
        return 1

    @workflow
    def reading() -> int:
        return read(file=FlyteFile(__file__))

    with pytest.raises(InvalidInput, match="is a file of this machine; make it an input") as raised:
        serialize(reading, settings=LOCAL)
    assert str(raised.value).startswith(__file__)

    @workflow
    def remote() -> int:
        return read(file=FlyteFile("https://example.org/a.csv"))

    spec = serialize(remote, settings=LOCAL).workflows[f"{__name__}.remote"]
    assert spec.template.nodes[0].inputs[0].binding.scalar.blob.uri == "https://example.org/a.csv"


def test_a_wrong_default_names_workflow_and_input():
    @workflow
    def flow(x: int = "three"):  # pyright: ignore
        pass

    with pytest.raises(InvalidInput, match="input `x` of workflow `flow`: expected int, got str 'three'"):
        serialize(flow, settings=LOCAL)


def test_an_automatic_cache_version_follows_the_code_not_its_looks():
    def version(source):
        import linecache

        name = f"<cache {hash(source)}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        scope = {"__name__": "made", "task": task, "Cache": Cache}
        exec(compile(source, name, "exec"), scope)
        spec = serialize(scope["f"], settings=LOCAL).tasks["made.f"]
        return spec.template.metadata.discovery_version

    plain = version("@task(cache=True)\ndef f(x: int) -> int:\n    return x + 1\n")
    assert plain == version('@task(cache=True)\ndef f(x: int) -> int:\n    "Doc."\n    # note\n    return (x + 1)\n')
    assert plain != version("@task(cache=True)\ndef f(x: int) -> int:\n    return x + 2\n")
    assert plain != version("@task(cache=Cache(salt='s'))\ndef f(x: int) -> int:\n    return x + 1\n")


def test_discovery_lists_what_a_module_declares(flows):
    found = discover(flows)
    assert list(found.workflows) == [
        f"flows.{name}" for name in ("inner", "middle", "everything", "mapped", "constants", "launching")
    ]
    assert "flows.add" in found.tasks
    assert list(found.launch_plans) == ["flows.plan"]
    other = ModuleType("other")
    vars(other)["add"] = flows.add
    assert discover(other).all() == []


def test_discovery_walks_a_package(tmp_path, monkeypatch):
    package = tmp_path / "walked"
    (package / "inside").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "inside" / "__init__.py").write_text("")
    (package / "inside" / "deep.py").write_text("from alula import task\n@task\ndef t() -> int:\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = discover(*modules_of(importlib.import_module("walked")))
    assert list(found.tasks) == ["walked.inside.deep.t"]


def test_map_tasks_with_other_bindings_have_other_names(flows):
    import functools

    plain = map_task(flows.scale)
    bound = map_task(functools.partial(flows.scale, b="k"))
    assert plain.name != bound.name
    assert bound.name == map_task(functools.partial(flows.scale, b="other")).name


def test_a_launch_plan_brings_its_workflow(flows):
    plan = LaunchPlan.create("mine", flows.inner, default_inputs={"a": 1}, auto_activate=True)
    found = serialize(plan, settings=SETTINGS)
    assert [each.id.name for each in found.entities] == ["flows.many", "flows.inner", "flows.inner", "mine"]
    assert found.entities[-1].activate
    spec = found.entities[-1].spec
    assert isinstance(spec, LaunchPlanSpec)
    assert not spec.default_inputs.parameters["a"].required


def test_what_follows_from_too_little_memory_is_in_the_config_of_the_task():
    @task(retries=1, on_out_of_memory=GrowMemory(1.5, up_to="8Gi"))
    def hungry() -> int:
        return 1

    template = next(iter(serialize(hungry, settings=LOCAL).tasks.values())).template
    assert dict(template.config) == {"alula.memory_growth": "1.5", "alula.memory_growth_most": "8Gi"}
    assert growth_of(template) == MemoryGrowth(1.5, 8 * 1024**3)


def test_a_task_that_wants_no_fork_says_so_to_every_platform():
    @task(fork=False)
    def alone(x: int) -> int:
        return x

    template = task_spec(alone, LOCAL).template
    assert [(each.key, each.value) for each in template.container.env] == [("ALULA_FORK", "0")]
