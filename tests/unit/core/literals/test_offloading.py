"""Which values are put aside, and what stands in their place."""

import pytest
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2
from tests.graphs import INT, integer, integers, list_of, optional

from alula.core.literals.casting import can_cast
from alula.core.literals.checking import check_literal, literal_type_of
from alula.core.literals.hashing import hash_literal
from alula.core.literals.offloading import TOGETHER, OffloadRule, is_offloaded, put_aside, reads_references

RULE = OffloadRule("mem://values", 100)
LARGE = integers(range(40))


def literals(**values: literals_pb2.Literal) -> literals_pb2.LiteralMap:
    return literals_pb2.LiteralMap(literals=values)


def offloaded(values: literals_pb2.LiteralMap) -> set[str]:
    return {name for name, literal in values.literals.items() if is_offloaded(literal)}


def text(length: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value="x" * length)))


def test_large_values_are_put_aside_and_small_ones_stay() -> None:
    values = literals(large=LARGE, small=integer(1))
    [aside] = put_aside(values, RULE)
    assert offloaded(values) == {"large"}
    assert literals_pb2.Literal.FromString(aside.data) == LARGE
    reference = values.literals["large"].offloaded_metadata
    assert (reference.uri, reference.size_bytes) == (aside.uri, len(aside.data))
    assert aside.uri.startswith("mem://values/")
    assert values.literals["small"] == integer(1)


def test_a_reference_has_the_type_of_its_value_so_that_it_is_checked_as_if_it_were_there() -> None:
    values = literals(x=LARGE)
    put_aside(values, RULE)
    assert literal_type_of(values.literals["x"]) == list_of(INT)
    assert can_cast(literal_type_of(values.literals["x"]), list_of(INT))


def test_equal_values_are_one_object_and_one_hash() -> None:
    one, other, third = literals(x=LARGE), literals(y=LARGE), literals(x=integers(range(1, 41)))
    asides = [aside for values in (one, other, third) for aside in put_aside(values, RULE)]
    assert asides[0] == asides[1] != asides[2]
    hashes = [hash_literal(literal) for values in (one, other, third) for literal in values.literals.values()]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_hash_of_the_users_own_stays() -> None:
    hashed = literals_pb2.Literal(hash="mine")
    hashed.collection.CopyFrom(LARGE.collection)
    values = literals(x=hashed)
    put_aside(values, RULE)
    assert values.literals["x"].hash == "mine"
    assert hash_literal(values.literals["x"]) == hash_literal(hashed)


def test_a_reference_is_not_put_aside_again() -> None:
    values = literals(x=LARGE)
    put_aside(values, OffloadRule("mem://values", 1))
    assert put_aside(values, OffloadRule("mem://values", 1)) == []


@pytest.mark.parametrize(("count", "aside"), [(TOGETHER, 0), (TOGETHER + 3, 3)])
def test_many_values_that_are_large_together_are_put_aside_until_the_rest_is_not(count: int, aside: int) -> None:
    values = literals(**{f"v{number}": text(92) for number in range(count)})
    assert {literal.ByteSize() for literal in values.literals.values()} == {98}
    put_aside(values, RULE)
    rest = [literal for literal in values.literals.values() if not is_offloaded(literal)]
    assert len(values.literals) - len(rest) == aside
    assert sum(literal.ByteSize() for literal in rest) <= TOGETHER * RULE.limit


@pytest.mark.parametrize(
    ("runtime", "reads"),
    [
        (tasks_pb2.RuntimeMetadata(type="FLYTE_SDK", flavor="alula", version="0.1.0"), True),
        (tasks_pb2.RuntimeMetadata(type="FLYTE_SDK", flavor="python", version="1.13.14"), True),
        (tasks_pb2.RuntimeMetadata(type="FLYTE_SDK", flavor="python", version="1.14.0b2"), True),
        (tasks_pb2.RuntimeMetadata(type="FLYTE_SDK", flavor="python", version="1.13.13"), False),
        (tasks_pb2.RuntimeMetadata(type="FLYTE_SDK", flavor="java", version="2.0.0"), False),
        (tasks_pb2.RuntimeMetadata(type="OTHER", version="2.0.0"), False),
        (tasks_pb2.RuntimeMetadata(), False),
    ],
)
def test_who_reads_references(runtime: tasks_pb2.RuntimeMetadata, reads: bool) -> None:
    task = tasks_pb2.TaskTemplate(type="python-task", metadata=tasks_pb2.TaskMetadata(runtime=runtime))
    assert reads_references(task) is reads


def test_a_raw_container_does_not_read_references_whatever_wrote_its_specification() -> None:
    runtime = tasks_pb2.RuntimeMetadata(type="FLYTE_SDK", flavor="python", version="1.16.0")
    metadata = tasks_pb2.TaskMetadata(runtime=runtime)
    assert not reads_references(tasks_pb2.TaskTemplate(type="raw-container", metadata=metadata))
    data = tasks_pb2.DataLoadingConfig(enabled=True)
    container, pod = tasks_pb2.Container(data_config=data), tasks_pb2.K8sPod(data_config=data)
    assert not reads_references(tasks_pb2.TaskTemplate(type="container", metadata=metadata, container=container))
    assert not reads_references(tasks_pb2.TaskTemplate(type="container", metadata=metadata, k8s_pod=pod))


def test_a_value_that_has_no_type_is_put_aside_without_one() -> None:
    odd = literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=[literals_pb2.Literal()] * 90))
    values = literals(x=odd)
    put_aside(values, RULE)
    assert is_offloaded(values.literals["x"])
    assert values.literals["x"].offloaded_metadata.inferred_type == types_pb2.LiteralType()


def test_a_list_of_lists_of_what_may_be_missing_is_still_one_when_it_is_put_aside() -> None:
    text_type, none = types_pb2.LiteralType(simple=types_pb2.STRING), types_pb2.LiteralType(simple=types_pb2.NONE)

    def maybe(value: literals_pb2.Literal, kind: types_pb2.LiteralType) -> literals_pb2.Literal:
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=literals_pb2.Union(value=value, type=kind)))

    def collection(*items: literals_pb2.Literal) -> literals_pb2.Literal:
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))

    missing = literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
    values = literals(x=collection(collection(maybe(text(200), text_type)), collection(maybe(missing, none))))
    wanted = list_of(list_of(optional(text_type)))
    assert check_literal(values.literals["x"], wanted) is None
    assert put_aside(values, RULE)
    assert check_literal(values.literals["x"], wanted) is None
