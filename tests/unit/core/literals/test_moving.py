from __future__ import annotations

import msgspec
from flyteidl.core import literals_pb2

from alula.core.literals.hashing import hash_literal
from alula.core.literals.moving import Moving

ROOT = "/store/"


def moving() -> Moving:
    return Moving((ROOT,), lambda uri: uri.replace(ROOT, "s3://b/"))


def blob(uri: str) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar={"blob": {"uri": uri}})


def listed(*literals: literals_pb2.Literal) -> literals_pb2.Literal:
    return literals_pb2.Literal(collection={"literals": list(literals)})


def test_uris_are_moved_however_deep_they_are() -> None:
    packed = msgspec.msgpack.encode({"file": {"path": "/store/a"}, "n": [1, "/store/b", "x"]})
    literal = literals_pb2.Literal(
        map={"literals": {"k": listed(blob("/store/f"), literals_pb2.Literal(scalar={"binary": {"tag": "msgpack"}}))}}
    )
    literal.map.literals["k"].collection.literals[1].scalar.binary.value = packed
    move = moving()
    assert move.message(literal)
    file, binary = literal.map.literals["k"].collection.literals
    assert file.scalar.blob.uri == "s3://b/f"
    assert msgspec.msgpack.decode(binary.scalar.binary.value) == {
        "file": {"path": "s3://b/a"},
        "n": [1, "s3://b/b", "x"],
    }
    assert set(move.found) == {"/store/f", "/store/a", "/store/b"}


def test_bytes_without_a_uri_that_moves_stay_as_they_are() -> None:
    data = literals_pb2.LiteralMap(literals={"a": blob("s3://elsewhere/a")}).SerializeToString()
    assert moving().serialized(data, literals_pb2.LiteralMap) is data


def test_text_moves_and_names_no_object() -> None:
    literal = literals_pb2.Literal(scalar={"primitive": {"string_value": "/store/data"}})
    move = moving()
    assert move.message(literal)
    assert literal.scalar.primitive.string_value == "s3://b/data"
    assert not move.found


def test_hashes_of_what_moves_are_known_at_each_level() -> None:
    before = listed(blob("/store/a"), blob("s3://elsewhere"))
    after = listed(blob("s3://b/a"), blob("s3://elsewhere"))
    move, literal = moving(), literals_pb2.Literal()
    literal.CopyFrom(before)
    move.message(literal)
    assert literal == after
    assert move.hashes == {
        hash_literal(before): hash_literal(after),
        hash_literal(blob("/store/a")): hash_literal(blob("s3://b/a")),
    }


def test_the_hash_of_a_reference_that_is_its_name_moves_with_it() -> None:
    literal = literals_pb2.Literal(offloaded_metadata={"uri": "/store/values/d1"}, hash="d1")
    move = Moving((ROOT,), lambda _: "s3://b/values/d2")
    move.message(literal)
    assert (literal.offloaded_metadata.uri, literal.hash) == ("s3://b/values/d2", "d2")
    assert list(move.values) == ["/store/values/d1"]
