"""Literals as people read them."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from flyteidl.core import literals_pb2

from alula.core.literals.packed import MSGPACK_TAG, NotUnpackable, plain_packed, unpack
from alula.core.literals.soundness import is_duration, is_time
from alula.core.literals.structs import plain_struct

LIMIT_CHARS = 2_000
PREVIEW_CHARS = 80
PREVIEW_ITEMS = 10


def outputs_text(literals: literals_pb2.LiteralMap) -> str:
    """All values of a map: the bare value when there is one without a name of its own, else a line for each."""
    names = sorted(literals.literals)
    if names == ["o0"]:
        return literal_text(literals.literals["o0"])
    return "\n".join(f"{name}: {literal_text(literals.literals[name])}" for name in names)


def literal_text(literal: literals_pb2.Literal) -> str:
    """The value as text: a string as it is, everything else as JSON. Long ones are cut; one that was put aside is shown
    as its size and place."""
    if literal.HasField("offloaded_metadata"):
        return f"{_size(literal)} in {literal.offloaded_metadata.uri}"
    value = plain_literal(literal)
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LIMIT_CHARS else f"{text[:LIMIT_CHARS]}… ({len(text):,} characters)"


def preview(literal: literals_pb2.Literal) -> str:
    """The beginning of the value in one line: cheap, however large the value is.

    >>> preview(literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value="a"))))
    '"a"'
    """
    match literal.WhichOneof("value"):
        case "collection":
            items = literal.collection.literals
            text = f"[{', '.join(preview(item) for item in items[:PREVIEW_ITEMS])}]"
            return _cut(text, f" ({len(items):,} items)" if len(items) > PREVIEW_ITEMS else "")
        case "map":
            names = sorted(literal.map.literals)
            shown = (f"{name}: {preview(literal.map.literals[name])}" for name in names[:PREVIEW_ITEMS])
            return _cut(f"{{{', '.join(shown)}}}", f" ({len(names):,} entries)" if len(names) > PREVIEW_ITEMS else "")
        case "offloaded_metadata":
            return _size(literal)
        case _ if literal.ByteSize() > LIMIT_CHARS:
            return f"<{literal.ByteSize():,} bytes>"
        case _:
            return _cut(json.dumps(plain_literal(literal), ensure_ascii=False, default=str))


def _size(offloaded: literals_pb2.Literal) -> str:
    return f"<{offloaded.offloaded_metadata.size_bytes:,} bytes>"


def _cut(text: str, note: str = "") -> str:
    return f"{text[: PREVIEW_CHARS - 1]}…{note}" if len(text) > PREVIEW_CHARS or note else text


def plain_literal(literal: literals_pb2.Literal) -> Any:
    """The value as JSON-like data: numbers, texts, lists, dicts; times as ISO 8601; files as their URI."""
    match literal.WhichOneof("value"):
        case "scalar":
            return _scalar(literal.scalar)
        case "collection":
            return [plain_literal(item) for item in literal.collection.literals]
        case "map":
            return {name: plain_literal(item) for name, item in sorted(literal.map.literals.items())}
        case "offloaded_metadata":
            return literal.offloaded_metadata.uri
        case _:
            return None


def _scalar(scalar: literals_pb2.Scalar) -> Any:
    match scalar.WhichOneof("value"):
        case "primitive":
            return _primitive(scalar.primitive)
        case "blob":
            return scalar.blob.uri
        case "schema":
            return scalar.schema.uri
        case "structured_dataset":
            return scalar.structured_dataset.uri
        case "generic":
            return plain_struct(scalar.generic)
        case "binary":
            return _binary(scalar.binary)
        case "union":
            return plain_literal(scalar.union.value)
        case "error":
            return scalar.error.message
        case _:
            return None


def _primitive(primitive: literals_pb2.Primitive) -> Any:
    kind = primitive.WhichOneof("value")
    if kind == "datetime":
        time = primitive.datetime
        if not is_time(time):
            return f"{time.seconds} s after 1970"
        return datetime.fromtimestamp(time.seconds, UTC).replace(microsecond=time.nanos // 1000).isoformat()
    if kind == "duration":
        span = primitive.duration
        if not is_duration(span):
            return f"{span.seconds} s"
        return str(timedelta(seconds=span.seconds, microseconds=span.nanos // 1000))
    return getattr(primitive, kind) if kind else None


def _binary(binary: literals_pb2.Binary) -> Any:
    if binary.tag == MSGPACK_TAG:
        with contextlib.suppress(NotUnpackable):
            return plain_packed(unpack(binary.value))
    return f"<{len(binary.value):,} bytes {binary.tag}>".replace(" >", ">")
