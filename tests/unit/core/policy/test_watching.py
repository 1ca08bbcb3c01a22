"""Objects as causes: what may be watched, which names count, and when one has arrived."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import interface_pb2, types_pb2
from google.protobuf import struct_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId
from alula.core.policy.triggering import check_trigger, trigger_of
from alula.core.policy.watching import Look, ObjectTrigger, Seen, Sighting, counts, inputs_of_object, look

PLAN = EntityId("p", "d", "loaded", "v1")
TEXT = types_pb2.LiteralType(simple=types_pb2.STRING)
FILE = types_pb2.LiteralType(blob=types_pb2.BlobType(format="csv"))
A = Seen("s3://b/in/a.csv", 3, "t1", 100)


def declared(**fields: Any) -> launch_plan_pb2.LaunchPlanSpec:
    spec, struct = launch_plan_pb2.LaunchPlanSpec(), struct_pb2.Struct()
    struct.update({"kind": "object", **fields})
    spec.entity_metadata.launch_conditions.Pack(struct)
    return spec


def expected(**types: types_pb2.LiteralType) -> interface_pb2.ParameterMap:
    parameters = {
        name: interface_pb2.Parameter(var=interface_pb2.Variable(type=type_), required=True)
        for name, type_ in types.items()
    }
    return interface_pb2.ParameterMap(parameters=parameters)


def compared(*seen: Seen, known: tuple[Sighting, ...] = (), **more: Any) -> Look:
    settings: dict[str, Any] = {"now": 1_000, "settle_us": 10, "there_until": None, "forgotten_until": 0}
    return look(seen, known, **{**settings, "limit": 100, "arrivals_max": 100, **more})


def test_one_is_read_as_it_was_declared() -> None:
    trigger = trigger_of(declared(prefix="s3://b/in/", pattern="*.csv", existing=True, inputs={"file": "object.uri"}))
    assert trigger == ObjectTrigger("s3://b/in/", "*.csv", True, {"file": "object.uri"})
    assert trigger is not None and trigger.watched(PLAN) == "objects s3://b/in/*.csv"


@pytest.mark.parametrize(
    "prefix", ["s3://b", "s3://b/", "gs://b/a/b", "az://c/x", "inbox", "in/box/", "/srv/objects/x"]
)
def test_prefixes_that_can_be(prefix: str) -> None:
    assert ObjectTrigger(prefix).problem() == ""


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"prefix": ""}, "names no prefix"),
        ({"prefix": "/"}, "names no prefix"),
        ({"prefix": "s3://"}, "names no prefix"),
        ({"prefix": "http://x/y"}, "use a URI of s3, gs, az"),
        ({"prefix": "s3://b//x"}, "no prefix that objects can have"),
        ({"prefix": "../other"}, "no prefix that objects can have"),
        ({"prefix": "s3://b/../x"}, "no prefix that objects can have"),
        ({"prefix": "a\nb"}, "no prefix that objects can have"),
        ({"prefix": "a", "pattern": ""}, "no pattern"),
        ({"prefix": "a", "pattern": "/x"}, "no pattern"),
        ({"prefix": "a", "inputs": {"x": "object.moon"}}, "no source"),
        ({"prefix": "a", "moon": 1}, "moon"),
        ({}, "prefix"),
    ],
)
def test_what_can_start_nothing_is_refused(fields: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        trigger_of(declared(**fields))
    assert refused.value.code == "InvalidTrigger"


def test_an_object_is_given_as_a_file_or_as_a_text() -> None:
    inputs = {"file": "object.uri", "uri": "object.uri", "name": "object.name"}
    types = expected(file=FILE, uri=TEXT, name=TEXT)
    trigger = check_trigger(declared(prefix="s3://b/in", inputs=inputs), types)
    assert isinstance(trigger, ObjectTrigger)
    given = inputs_of_object(trigger, A.uri, types).literals
    assert given["file"].scalar.blob.uri == given["uri"].scalar.primitive.string_value == A.uri
    assert given["file"].scalar.blob.metadata.type == FILE.blob
    assert given["name"].scalar.primitive.string_value == "a.csv"


@pytest.mark.parametrize("source", ["object.uri", "object.name"])
def test_an_object_is_no_number(source: str) -> None:
    with pytest.raises(InvalidInput, match="which it is not") as refused:
        check_trigger(
            declared(prefix="a", inputs={"x": source}), expected(x=types_pb2.LiteralType(simple=types_pb2.INTEGER))
        )
    assert refused.value.code == "TriggerInputs"


def test_a_name_is_no_file() -> None:
    with pytest.raises(InvalidInput, match="which it is not"):
        check_trigger(declared(prefix="a", inputs={"x": "object.name"}), expected(x=FILE))


@pytest.mark.parametrize(
    ("path", "pattern", "does"),
    [
        ("a.csv", "*", True),
        ("x/y/a.csv", "*.csv", True),
        ("a.CSV", "*.csv", False),
        ("x/a.csv", "x/*.csv", True),
        ("x/y/a.csv", "x/*.csv", False),
        ("x/y/a.csv", "*/y/*", True),
        ("a.csv", "[ab].csv", True),
        ("a\n.csv", "*", False),
        ("\udc80.csv", "*", False),
        ("x" * 2_000, "*", False),
    ],
)
def test_names_count_that_are_of_the_pattern(path: str, pattern: str, does: bool) -> None:
    assert counts(f"s3://b/in/{path}", "s3://b/in", pattern) is does


def test_nothing_counts_that_is_not_below_the_prefix() -> None:
    assert not counts("s3://b/in", "s3://b/in", "*")
    assert not counts("s3://b/inner/a", "s3://b/in", "*")


def test_an_object_arrives_when_it_is_seen_again_as_it_was() -> None:
    first = compared(A, now=1_000)
    assert (first.arrived, first.put) == ((), (Sighting(A.uri, "3 t1", 1_000, False),))
    assert compared(A, known=first.put, now=1_009) == Look((), (), (), "")
    assert compared(A, known=first.put, now=1_010).arrived == (A,)
    settled = msgspec.structs.replace(first.put[0], is_settled=True)
    assert compared(A, known=(settled,), now=9_999) == Look((), (), (), "")


@pytest.mark.parametrize("change", [{"size": 4}, {"tag": "t2"}])
@pytest.mark.parametrize("is_settled", [True, False])
def test_one_that_has_changed_begins_anew(change: Any, is_settled: bool) -> None:
    changed = msgspec.structs.replace(A, **change)
    found = compared(changed, known=(Sighting(A.uri, A.mark, 0, is_settled),))
    assert found == Look((), (Sighting(A.uri, changed.mark, 1_000, False),), (), "")


def test_those_of_before_the_activation_are_settled_in_the_first_pass() -> None:
    later = Seen("s3://b/in/b.csv", 1, "t", 101)
    found = compared(A, later, there_until=100)
    assert [each.is_settled for each in found.put] == [True, False]
    assert [each.is_settled for each in compared(A, later).put] == [False, False]


def test_what_an_old_one_was_is_forgotten_and_it_starts_nothing_again() -> None:
    settled = Sighting(A.uri, A.mark, 0, is_settled=True)
    assert compared(A, known=(settled,), forgotten_until=99) == Look((), (), (), "")
    assert compared(A, known=(settled,), forgotten_until=100) == Look((), (), (A.uri,), "")
    assert compared(A, forgotten_until=100) == Look((), (), (), "")


def test_an_old_one_that_was_not_dealt_with_is_not_forgotten() -> None:
    waiting = Sighting(A.uri, A.mark, 0, is_settled=False)
    assert compared(A, known=(waiting,), forgotten_until=100) == Look((A,), (), (), "")


def test_one_that_is_gone_is_forgotten() -> None:
    assert compared(known=(Sighting(A.uri, A.mark, 0, True),)).gone == (A.uri,)


def test_a_full_page_says_nothing_of_what_comes_after_it() -> None:
    b, c = (Sighting(f"s3://b/in/{name}.csv", "m", 0, True) for name in "bc")
    assert compared(A, known=(b, c), limit=1) == Look((), compared(A).put, (), A.uri)
    before = compared(A, known=(b,), limit=1)
    assert (before.gone, before.until) == ((), A.uri)
    gone = compared(Seen(c.uri, 1, "t", 1), known=(b,), limit=1)
    assert (gone.put, gone.gone, gone.until) == ((), (b.uri,), b.uri)


def test_no_more_arrive_in_one_look_than_may() -> None:
    b = Seen("s3://b/in/b.csv", 1, "t", 1)
    known = tuple(Sighting(each.uri, each.mark, 0, False) for each in (A, b))
    found = compared(A, b, known=known, arrivals_max=1)
    assert (found.arrived, found.gone, found.until) == ((A,), (), A.uri)
