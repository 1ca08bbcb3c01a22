"""Artifacts are declared, written and refused: in the wire form that flytekit gives them."""

import base64
import datetime
import json
import sys
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
from flyteidl.admin.launch_plan_pb2 import LaunchPlan as LaunchPlanMessage
from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from flyteidl.core.artifact_id_pb2 import ArtifactID
from flyteidl.core.artifact_id_pb2 import Granularity as GranularityMessage
from flyteidl.core.interface_pb2 import TypedInterface
from flyteidl.core.literals_pb2 import Literal, Primitive, Scalar
from google.protobuf import text_format
from tests import modules

from alula import Artifact, LaunchPlan, task, workflow
from alula.core.errors import InvalidInput
from alula.flytekit_core.artifact import Granularity, Inputs, TimePartition
from alula.sdk.runtime.made_artifacts import PARTITIONS
from alula.sdk.runtime.running import execute
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.entities import AnyEntity
from alula.sdk.task_context.context import ExecutionParameters, make_context

WIRE = Path(__file__).parent / "wire"
GOLDENS: dict[str, str] = json.loads((WIRE / "goldens.json").read_text())["artifacts"]
SETTINGS = SerializationSettings(project="p", domain="d", version="v", require_importable=False)
DAY = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
prices = Artifact(name="prices", partition_keys=["region", "kind"], time_partitioned=True)
plain = Artifact(name="plain")
REGION = Literal(scalar=Scalar(primitive=Primitive(string_value="eu")))


@pytest.fixture(scope="module")
def declared() -> Generator[ModuleType]:
    yield modules.load("artifacts", WIRE / "artifacts.py")
    del sys.modules["artifacts"]


def golden(name: str) -> bytes:
    return bytes.fromhex(GOLDENS[name])


def interface_of(entity: AnyEntity) -> TypedInterface:
    serialized = serialize(entity, settings=SETTINGS)
    return (serialized.tasks | serialized.workflows)[entity.name].template.interface


@pytest.mark.parametrize("name", ["fetch", "both"])
def test_an_output_of_a_task_is_the_artifact_that_flytekit_writes(name, declared):
    theirs = TaskSpec.FromString(golden(f"task artifacts.{name}")).template.interface
    assert text_format.MessageToString(interface_of(getattr(declared, name))) == text_format.MessageToString(theirs)


@pytest.mark.parametrize("name", ["make", "read"])
def test_an_output_of_a_workflow_is_the_artifact_that_flytekit_writes(name, declared):
    theirs = WorkflowSpec.FromString(golden(f"workflow artifacts.{name}")).template.interface
    assert text_format.MessageToString(interface_of(getattr(declared, name))) == text_format.MessageToString(theirs)


@pytest.mark.parametrize("name", ["defaults", "planned"])
def test_a_default_is_the_query_that_flytekit_writes(name, declared):
    theirs = LaunchPlanMessage.FromString(golden(f"launch plan {name}")).spec.default_inputs
    ours = serialize(getattr(declared, name), settings=SETTINGS).launch_plans[name].default_inputs
    assert {key: text_format.MessageToString(each) for key, each in ours.parameters.items()} == {
        key: text_format.MessageToString(each) for key, each in theirs.parameters.items()
    }


def test_a_granularity_is_written_also_where_the_task_says_the_time():
    hourly = Artifact(name="hourly", time_partitioned=True, time_partition_granularity=Granularity.HOUR)

    @task
    def make() -> Annotated[int, hourly]:
        return 1

    made = interface_of(make).outputs.variables["o0"].artifact_partial_id.time_partition
    assert made.value.HasField("runtime_binding")
    assert made.granularity == GranularityMessage.HOUR  # flytekit writes DAY here


def test_values_that_an_artifact_is_declared_with_are_written():
    known = Artifact(name="known", partitions={"region": "eu"})

    @task
    def make() -> Annotated[int, known]:
        return 1

    made = interface_of(make).outputs.variables["o0"].artifact_partial_id
    assert made.partitions.value["region"].static_value == "eu"  # flytekit forgets it


def test_a_time_is_moved_where_it_is_known():
    moved = TimePartition(DAY) - datetime.timedelta(days=1) + datetime.timedelta(hours=2)
    assert moved.value == datetime.datetime(2026, 11, 29, 2, tzinfo=datetime.UTC)


@task
def fetch(region: str) -> Annotated[float, prices(region=Inputs.region)]:
    return prices.create_from(1.5, kind="retail", time_partition=DAY)


@task
def two() -> tuple[Annotated[int, plain], int]:
    return plain.create_from(7, Card()), 7


class Card:
    def serialize_to_string(self, context: object, name: str) -> tuple[str, str]:
        return "card", f"of {name}"


def context_in(folder: Path) -> ExecutionParameters:
    return make_context(
        execution_id=("p", "d", "e"),
        task_id=("p", "d", "t", "v"),
        attempt=0,
        working_directory=str(folder),
        raw_output_prefix=str(folder),
    )


def test_what_a_task_says_of_a_value_stands_beside_its_literal(tmp_path):
    outputs = execute(fetch, {"region": REGION}, context_in(tmp_path)).literals
    said = ArtifactID.FromString(base64.b64decode(outputs["o0"].metadata[PARTITIONS]))
    assert said.partitions.value["kind"].static_value == "retail"
    assert said.time_partition.value.time_value.ToDatetime(datetime.UTC) == DAY
    assert outputs["o0"].scalar.primitive.float_value == 1.5


def test_only_the_output_of_the_artifact_gets_its_cards(tmp_path):
    outputs = execute(two, {}, context_in(tmp_path)).literals
    assert dict(outputs["o0"].metadata) == {"card": "of o0"}
    assert dict(outputs["o1"].metadata) == {}


def test_a_value_is_itself_outside_a_platform():
    assert fetch(region="eu") == 1.5


@workflow
def reading(price: float = prices.query(region="eu", kind="retail", time_partition=DAY)) -> float:  # pyright: ignore[reportArgumentType]  # found by the platform
    return doubled(x=price)


@task
def doubled(x: float) -> float:
    return 2 * x


def test_a_query_finds_nothing_here_and_a_value_takes_its_place():
    with pytest.raises(InvalidInput, match="input `price` of workflow `reading` is <what a query for artifact prices"):
        reading()
    assert reading(price=2.0) == 4.0


def test_a_query_inside_a_workflow_is_refused():
    @workflow
    def outer() -> float:
        return reading()

    with pytest.raises(InvalidInput) as refused:
        outer.graph()
    assert refused.value.code == "NoArtifacts"


def declare_unbound_workflow() -> AnyEntity:
    @workflow
    def make() -> Annotated[float, prices]:
        return doubled(x=1.0)

    return make


def declare_misspelt_output() -> AnyEntity:
    @task
    def make(region: str) -> Annotated[float, prices(region=Inputs.regoin)]:
        return 1.0

    return make


def declare_misspelt_query() -> AnyEntity:
    query = prices.query(region=Inputs.regoin)
    return LaunchPlan.create("misspelt", reading, default_inputs={"price": query})


def declare_unbound_default() -> AnyEntity:
    return LaunchPlan.create("unbound", reading, default_inputs={"price": prices})


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (declare_unbound_workflow, "partition `region` of artifact `prices` has no value, and a workflow runs no code"),
        (declare_misspelt_output, "partition `region` is the value of input `regoin`, which is not there"),
        (declare_misspelt_query, "partition `region` is the value of input `regoin`, which is not there"),
        (declare_unbound_default, "a default without values for its partitions: `region`, `kind`"),
    ],
)
def test_what_could_name_no_artifact_is_refused_when_it_is_written(declare, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        serialize(declare(), settings=SETTINGS)
    assert refused.value.code == "InvalidArtifact"


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (Artifact, "an artifact has no name"),
        (lambda: Artifact(name="a", partition_keys=[str(n) for n in range(11)]), "has 11 partitions, 10 are the most"),
        (lambda: plain(region="eu"), "artifact `plain` has no partition `region`"),
        (lambda: plain.query(region="eu"), "artifact `plain` has no partition `region`"),
        (lambda: plain(time_partition=DAY), "artifact `plain` has no time partition"),
        (lambda: prices(region=1), "partition `region` is 1, expected a text or `Inputs.NAME`"),  # pyright: ignore[reportArgumentType]  # no text
        (lambda: prices(time_partition="today"), "a time partition is 'today', expected a `datetime`"),
        (lambda: prices.create_from(1, regoin="eu"), "artifact `prices` has no partition `regoin`"),
        (lambda: TimePartition(Inputs.day) - datetime.timedelta(1), "from input `day` - a `timedelta` has no form"),
        (lambda: Artifact(name="a", partition_keys=["domain"]).query(domain="x"), "a setting with the name of part"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused_at_once(declare, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        declare()
    assert refused.value.code == "InvalidArtifact"
