"""Union and Optional: a value with the variant that it is. Exactly one variant must fit best."""

from __future__ import annotations

from flyteidl.core.literals_pb2 import Literal, Scalar, Union
from flyteidl.core.types_pb2 import LiteralType, TypeStructure, UnionType

from alula.sdk.types.containers import read
from alula.sdk.types.store import Store
from alula.sdk.types.transformer import NO, Schema, Transformer, TypeMismatch, describe, describe_literal


class UnionTransformer:
    """Union[A, B], Optional[A], A | B. The variant is named by its transformer's tag."""

    tag = "Typed Union"

    def __init__(self, variants: list[Transformer]) -> None:
        self.variants = variants
        self.shown = " | ".join(variant.shown for variant in variants)

    def literal_type(self) -> LiteralType:
        return LiteralType(union_type=UnionType(variants=[_tagged(variant) for variant in self.variants]))

    def schema(self) -> Schema:
        return {"anyOf": [variant.schema() for variant in self.variants]}

    def fit(self, value: object) -> int:
        return max(variant.fit(value) for variant in self.variants)

    def variant_of(self, value: object) -> Transformer:
        """The one variant that fits a value best. Raises `TypeMismatch` when there is none or more than one."""
        fits = [variant.fit(value) for variant in self.variants]
        best = max(fits)
        if best == NO:
            raise TypeMismatch(self.shown, describe(value))
        chosen = [variant for variant, fit in zip(self.variants, fits, strict=True) if fit == best]
        if len(chosen) > 1:
            names = " and ".join(variant.shown for variant in chosen)
            raise TypeMismatch(f"one variant of {self.shown}", f"{describe(value)}, which fits {names}")
        return chosen[0]

    def coerce(self, value: object) -> object:
        return self.variant_of(value).coerce(value)

    def to_literal(self, value: object, store: Store) -> Literal:
        variant = self.variant_of(value)
        return Literal(scalar=Scalar(union=Union(value=variant.to_literal(value, store), type=_tagged(variant))))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.scalar.HasField("union"):
            return self._guess(literal, store)
        stored = literal.scalar.union.type
        inner = literal.scalar.union.value
        named = [variant for variant in self.variants if variant.tag == stored.structure.tag]
        if not named:
            return self._guess(inner, store)
        if len(named) > 1:
            named = [variant for variant in named if same_type(variant.literal_type(), stored)] or named
        return self._first(named, inner, store)

    def _guess(self, literal: Literal, store: Store) -> object:
        """The value of a literal that does not say which variant it is."""
        exact: list[object] = []
        loose: list[object] = []
        for variant in self.variants:
            try:
                value = read(variant, literal, store)
            except TypeMismatch:
                continue
            (exact if _has_kind(variant, literal) else loose).append(value)
        found = exact or loose
        if not found:
            raise TypeMismatch(self.shown, describe_literal(literal))
        if len(found) > 1:
            raise TypeMismatch(f"one variant of {self.shown}", f"{describe_literal(literal)}, which fits {len(found)}")
        return found[0]

    def _first(self, variants: list[Transformer], literal: Literal, store: Store) -> object:
        problem: TypeMismatch | None = None
        for variant in variants:
            try:
                return read(variant, literal, store)
            except TypeMismatch as error:
                problem = problem or error
        assert problem is not None
        raise problem

    def to_plain(self, value: object, store: Store) -> object:
        return self.variant_of(value).to_plain(value, store)

    def from_plain(self, plain: object, store: Store) -> object:
        """The first variant that gives back the same document, else the first that can read it."""
        found: list[tuple[Transformer, object]] = []
        for variant in self.variants:
            try:
                found.append((variant, variant.from_plain(plain, store)))
            except TypeMismatch:
                continue
        if not found:
            raise TypeMismatch(self.shown, describe(plain))
        if len(found) > 1:
            import msgspec  # lazy: most tasks have no documents

            packed = msgspec.msgpack.encode(plain)
            for variant, value in found:
                if (
                    variant.fit(value)
                    and _is_pure(value)
                    and msgspec.msgpack.encode(variant.to_plain(value, store)) == packed
                ):
                    return value
        return found[0][1]


def _is_pure(value: object) -> bool:
    """Whether converting back does no IO: a file would be uploaded."""
    return value is None or isinstance(value, (bool, int, float, str))


def _tagged(variant: Transformer) -> LiteralType:
    literal_type = variant.literal_type()
    # flytekit puts the tag in place of the structure of a dataclass, and so must we: types are compared
    literal_type.structure.CopyFrom(TypeStructure(tag=variant.tag))
    return literal_type


def _has_kind(variant: Transformer, literal: Literal) -> bool:
    """Whether the literal is of the very kind that the variant writes (an integer primitive for `int`)."""
    kinds = {
        "int": "integer",
        "float": "float_value",
        "bool": "boolean",
        "str": "string_value",
        "datetime": "datetime",
        "timedelta": "duration",
    }
    if not literal.scalar.HasField("primitive"):
        return True
    return kinds.get(variant.tag) == literal.scalar.primitive.WhichOneof("value")


def same_type(one: LiteralType, other: LiteralType) -> bool:
    """Whether two types are equal but for tags and structures."""
    return _bare(one) == _bare(other)


def _bare(literal_type: LiteralType) -> LiteralType:
    bare = LiteralType()
    bare.CopyFrom(literal_type)
    bare.ClearField("structure")
    return bare
