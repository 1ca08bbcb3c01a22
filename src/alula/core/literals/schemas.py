"""JSON schemas of dataclasses: whether a value that fits one also fits another.

SDKs put the JSON schema of a structured type into the metadata of its `LiteralType`. Two versions of an SDK,
or two languages, write the same type a little differently, so the comparison is loose: it looks at fields and
their types and passes over titles, descriptions and `additionalProperties: false`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf import struct_pb2

from alula.core.literals.structs import Plain, plain_struct

Schema = Mapping[str, Plain]
_EMPTY: Schema = {}
_COMBINED = ("anyOf", "oneOf")
_MAX_DEPTH = 100
"""Deeper than this a difference is not looked for."""


def fits_schema(upstream: struct_pb2.Struct, downstream: struct_pb2.Struct) -> bool:
    """True if every value of the `upstream` schema can be read by the `downstream` one.

    Upstream may have more fields; fields that downstream requires must be there; fields of both must agree.
    """
    up, down = plain_struct(upstream), plain_struct(downstream)
    return up == down or _Comparison(up, down).fits(up, down, depth=0)


def schema_title(schema: struct_pb2.Struct) -> str:
    """The name of the type that a schema describes, empty where it does not say."""
    fields = schema.fields
    if fields["title"].string_value if "title" in fields else "":
        return fields["title"].string_value
    reference = fields["$ref"].string_value if "$ref" in fields else ""
    return reference.rsplit("/", 1)[-1]


class _Comparison:
    """Two documents, whose local references are followed. Each pair of their parts is compared once."""

    def __init__(self, upstream: Schema, downstream: Schema) -> None:
        self._upstream = upstream
        self._downstream = downstream
        self._fits: dict[tuple[int, int], bool] = {}

    def fits(self, up: Plain, down: Plain, *, depth: int) -> bool:
        up = _resolved(up, self._upstream)
        down = _resolved(down, self._downstream)
        if not down or not up or depth > _MAX_DEPTH:
            return True  # an empty schema says nothing, as `Any` does
        pair = (id(up), id(down))
        if pair not in self._fits:
            self._fits[pair] = True  # what a type that contains itself meets again further in
            self._fits[pair] = self._alternatives(up, down, depth + 1)
        return self._fits[pair]

    def _alternatives(self, up: Schema, down: Schema, depth: int) -> bool:
        for key in _COMBINED:
            if key in up:
                return all(self.fits(variant, down, depth=depth) for variant in _items(up[key]))
        for key in _COMBINED:
            if key in down:
                return any(self.fits(up, variant, depth=depth) for variant in _items(down[key]))
        return _type_fits(up, down) and _values_fit(up, down) and self._parts(up, down, depth)

    def _parts(self, up: Schema, down: Schema, depth: int) -> bool:
        properties, wanted = _mapping(up.get("properties")), _mapping(down.get("properties"))
        if wanted:
            required = {name for name in _items(down.get("required")) if isinstance(name, str)}
            if not required <= properties.keys():
                return False
            shared = wanted.keys() & properties.keys()
            if not all(self.fits(properties[name], wanted[name], depth=depth) for name in shared):
                return False
        for key in ("items", "additionalProperties"):
            one, other = up.get(key), down.get(key)
            both = isinstance(one, Mapping) and isinstance(other, Mapping)
            if both and not self.fits(one, other, depth=depth):
                return False
        return True


def _resolved(schema: Plain, document: Schema) -> Schema:
    """Follow `$ref`s inside the document; one that leads nowhere or in a circle is an empty schema."""
    for _ in range(32):
        if not isinstance(schema, Mapping):
            return _EMPTY
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        target: Plain = document
        for part in reference.removeprefix("#").strip("/").split("/"):
            target = _mapping(target).get(part)
        schema = target
    return _EMPTY


def _type_fits(up: Schema, down: Schema) -> bool:
    wanted = _types(down)
    if not wanted:
        return True
    given = _types(up)
    return not given or all(one in wanted or (one == "integer" and "number" in wanted) for one in given)


def _types(schema: Schema) -> set[str]:
    """The JSON types that a schema names; several where it has a list of them."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return {declared}
    return {name for name in _items(declared) if isinstance(name, str)}


def _values_fit(up: Schema, down: Schema) -> bool:
    """Enumerated values: those of upstream must be among those of downstream."""
    allowed = down.get("enum")
    if allowed is None:
        return True
    given = up.get("enum")
    return given is None or all(value in _items(allowed) for value in _items(given))


def _mapping(value: Plain) -> Schema:
    return value if isinstance(value, Mapping) else _EMPTY


def _items(value: Plain) -> Sequence[Plain]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
