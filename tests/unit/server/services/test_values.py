"""Values that were put aside: kept, and given back whole to those who may have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flyteidl.core import literals_pb2
from tests.graphs import integer, integers

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.core.literals.offloading import is_offloaded
from alula.server.services import values
from alula.server.services.platform import Platform

ID = ExecutionId("flytesnacks", "development", "e0")
LARGE = integers(range(50))


async def put_aside(platform: Platform, project: str, *literals: literals_pb2.Literal) -> literals_pb2.LiteralMap:
    """The literals as `v0`, `v1` ..., those of over 100 bytes as references."""
    named = literals_pb2.LiteralMap(literals={f"v{place}": literal for place, literal in enumerate(literals)})
    rule = values.offload_rule(replace(platform, inline_max_bytes=100), project, "development")
    return literals_pb2.LiteralMap.FromString(await values.lighten(platform.blobs, named.SerializeToString(), rule))


async def test_large_values_are_kept_and_shown_whole(platform: Platform) -> None:
    light = await put_aside(platform, "flytesnacks", LARGE, integer(1))
    assert is_offloaded(light.literals["v0"])
    shown = await values.shown(platform.blobs, ID, light.SerializeToString())
    assert dict(shown.literals) == {"v0": LARGE, "v1": integer(1)}


async def test_a_value_that_was_damaged_is_whole_again_once_it_is_made_again(platform: Platform) -> None:
    light = await put_aside(platform, "flytesnacks", LARGE)
    path = Path(light.literals["v0"].offloaded_metadata.uri)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:10])
    assert await put_aside(platform, "flytesnacks", LARGE) == light
    shown = await values.shown(platform.blobs, ID, light.SerializeToString())
    assert shown.literals["v0"] == LARGE


async def test_values_inside_others_are_shown_whole_too(platform: Platform) -> None:
    light = await put_aside(platform, "flytesnacks", LARGE)
    union = literals_pb2.Literal()
    union.scalar.union.value.CopyFrom(light.literals["v0"])
    around = literals_pb2.Literal()
    around.map.literals["k"].collection.literals.append(union)
    data = literals_pb2.LiteralMap(literals={"x": around}).SerializeToString()
    shown = literals_pb2.LiteralMap.FromString(await values.whole(platform.blobs, ID, data))
    assert shown.literals["x"].map.literals["k"].collection.literals[0].scalar.union.value == LARGE


async def test_what_does_not_fit_into_an_answer_stays_a_reference(platform: Platform) -> None:
    texts = (literals_pb2.Literal(), literals_pb2.Literal())
    for text in texts:
        text.scalar.primitive.string_value = "x" * (values.SHOWN_MAX_BYTES - 1_000)
    light = await put_aside(platform, "flytesnacks", *texts)
    shown = await values.shown(platform.blobs, ID, light.SerializeToString())
    assert sorted(is_offloaded(literal) for literal in shown.literals.values()) == [False, True]


async def test_what_is_gone_stays_a_reference_in_an_answer(platform: Platform) -> None:
    light = await put_aside(platform, "flytesnacks", LARGE)
    await platform.blobs.delete(light.literals["v0"].offloaded_metadata.uri)
    assert await values.shown(platform.blobs, ID, light.SerializeToString()) == light


async def test_nobody_reads_values_of_another_project_by_a_reference_to_them(platform: Platform) -> None:
    foreign = await put_aside(platform, "secret", LARGE)
    uri = foreign.literals["v0"].offloaded_metadata.uri
    assert await values.shown(platform.blobs, ID, foreign.SerializeToString()) == foreign
    around = uri.replace("/data/secret/", "/data/flytesnacks/development/../../secret/")
    assert around != uri
    for reference in (uri, around):
        with pytest.raises(NotFound) as caught:
            await values.load(platform.blobs, ID, reference)
        assert caught.value.code == "ValueNotFound"


async def test_an_object_that_is_no_value_is_none(platform: Platform) -> None:
    uri = platform.blobs.uri("data", "flytesnacks", "development", "other")
    await platform.blobs.put(uri, b"\xff\xff no literal")
    with pytest.raises(NotFound) as caught:
        await values.load(platform.blobs, ID, uri)
    assert caught.value.code == "ValueNotFound"


async def test_without_a_limit_values_stay_where_they_are(platform: Platform) -> None:
    data = literals_pb2.LiteralMap(literals={"x": LARGE}).SerializeToString()
    rule = values.offload_rule(replace(platform, inline_max_bytes=0), "flytesnacks", "development")
    assert await values.lighten(platform.blobs, data, rule) == data
