"""Union and Optional: a value with the variant that it is. Exactly one variant must fit best."""

from __future__ import annotations

from itertools import combinations
from typing import cast

from flyteidl.core.literals_pb2 import Literal, Scalar, Union
from flyteidl.core.types_pb2 import LiteralType, SimpleType, TypeStructure, UnionType

from alula.core.literals.casting import can_cast
from alula.core.literals.schemas import schema_title
from alula.sdk.store import Store
from alula.sdk.types.blobs import DirectoryTransformer, FileTransformer
from alula.sdk.types.containers import ListTransformer, MapTransformer, is_document, plain_of, read
from alula.sdk.types.enums import ChoiceTransformer, EnumTransformer, values_outside
from alula.sdk.types.primitives import NoneTransformer
from alula.sdk.types.transformer import (
    EXACT,
    NO,
    UNION_TAG,
    OnlyInDocuments,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
    describe_literal,
    has_fields,
)
from alula.sdk.types.variants import VARIANT, is_tagged, tagged, untagged


class UnionTransformer:
    """Union[A, B], Optional[A], A | B. The variant is named by its transformer's tag.

    In a document a value is written as flytekit writes it if it is read back as the same variant; else with the
    name of its variant (`variants`).
    """

    tag = UNION_TAG

    def __init__(self, variants: list[Transformer]) -> None:
        self.variants = variants
        self.shown = " | ".join(variant.shown for variant in variants)
        _check_variants(variants, self.shown)

    def present(self) -> list[Transformer]:
        """The variants beside None."""
        return [variant for variant in self.variants if not isinstance(variant, NoneTransformer)]

    def literal_type(self) -> LiteralType:
        _check_enums(self.variants, self.shown)
        return LiteralType(union_type=UnionType(variants=[_tagged(variant) for variant in self.variants]))

    def schema(self) -> Schema:
        return {"anyOf": [variant.schema() for variant in self.variants]}

    def fit(self, value: object) -> int:
        return max(variant.fit(value) for variant in self.variants)

    def fit_plain(self, plain: object) -> int:
        variant, bare = self._found(plain)
        return variant.fit_plain(bare) if variant is not None else NO

    def variant_of(self, value: object) -> Transformer:
        """The one variant that fits a value best. Raises `TypeMismatch` when there is none or more than one."""
        fits = [variant.fit(value) for variant in self.variants]
        best = max(fits)
        if best == NO:
            raise TypeMismatch(self.shown, describe(value))
        chosen = [variant for variant, fit in zip(self.variants, fits, strict=True) if fit == best]
        if len(chosen) > 1 and not _is_empty(value):
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
            named = _of_type(stored, named)
        if len(named) > 1 and is_document(inner):
            return self._read_document(named, inner, store)
        return self._first(named, inner, store)

    def _guess(self, literal: Literal, store: Store) -> object:
        """The value of a literal that does not say which variant it is."""
        if is_document(literal):
            return self._read_document(self.variants, literal, store)
        exact: list[tuple[str, object]] = []
        loose: list[tuple[str, object]] = []
        for variant in self.variants:
            try:
                value = read(variant, literal, store)
            except TypeMismatch:
                continue
            (exact if _has_kind(variant, literal) else loose).append((variant.shown, value))
        found = exact or loose
        if not found:
            raise TypeMismatch(self.shown, describe_literal(literal))
        if len(found) > 1:
            names = " and ".join(name for name, _ in found)
            raise TypeMismatch(f"one variant of {self.shown}", f"{describe_literal(literal)}, which fits {names}")
        return found[0][1]

    def _read_document(self, variants: list[Transformer], literal: Literal, store: Store) -> object:
        plain = plain_of(literal)
        if is_tagged(plain):
            return self.from_plain(plain, store)
        fits = [variant.fit_plain(plain) for variant in variants]
        best = [variant for variant, fit in zip(variants, fits, strict=True) if fit == max(fits)]
        if len(best) > 1:  # what is a list or a map by itself is no document
            best = [each for each in best if not isinstance(each, ListTransformer | MapTransformer)] or best
        if len(best) > 1 and max(fits) != NO:
            names = " and ".join(variant.shown for variant in best)
            raise TypeMismatch(f"one variant of {self.shown}", f"a document that fits {names}")
        return self._first(best, literal, store)

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
        variant = self.variant_of(value)
        plain = variant.to_plain(value, store)
        if not is_tagged(plain) and self._found(plain)[0] is variant:
            return plain
        return tagged(plain, variant.shown, has_fields=has_fields(variant))

    def from_plain(self, plain: object, store: Store) -> object:
        variant, bare = self._found(plain)
        if variant is not None:
            return variant.from_plain(bare, store)
        present = self.present()
        if len(present) == 1 and has_fields(present[0]):
            return present[0].from_plain(bare, store)  # says what is wrong inside it
        raise TypeMismatch(self.shown, describe(plain))

    def _found(self, plain: object) -> tuple[Transformer | None, object]:
        """The variant of a plain value, and the value without the name of its variant.

        That is the variant which is named, else the first that would write just this, else the first that can read it.
        """
        if is_tagged(plain):
            name, bare = cast("dict[object, object]", plain)[VARIANT], untagged(plain)
            return next((variant for variant in self.variants if variant.shown == name), None), bare
        fits = [variant.fit_plain(plain) for variant in self.variants]
        best = max(fits)
        return (self.variants[fits.index(best)] if best != NO else None), plain


def why_not(wanted: Transformer, given: Transformer) -> str:
    """The reason why an input of type `wanted` can't take a `given`, as far as Python types tell; empty if it can.

    The types of Flyte do not say so much: there a class fits another that has its fields, a time is a date, and the
    values of an enum are any texts.
    """
    if outside := values_outside(wanted, given):
        what = "value {} is" if len(outside) == 1 else "values {} are"
        return f"whose {what.format(' and '.join(map(repr, outside)))} none of {wanted.shown}"
    if isinstance(wanted, UnionTransformer):
        if isinstance(given, UnionTransformer):  # its values say which variant they are
            return next(filter(None, (_why_no_variant(wanted, variant) for variant in given.variants)), "")
        return _why_no_variant(wanted, given) or _why_not_one(wanted, given)
    for kind in (ListTransformer, MapTransformer):
        if isinstance(wanted, kind) and isinstance(given, kind):
            return why_not(wanted.item, given.item)
    return ""


def _why_no_variant(union: UnionTransformer, given: Transformer) -> str:
    present = union.present()
    if isinstance(given, NoneTransformer):
        return ""
    if len(present) == 1 and not isinstance(present[0], ChoiceTransformer):  # nothing to be told apart
        return why_not(present[0], given)
    return "" if any(_is_variant(each, given) for each in present) else "which is none of them"


def _is_variant(variant: Transformer, given: Transformer) -> bool:
    if has_fields(variant) or has_fields(given):
        return variant.shown == given.shown
    types = given.literal_type(), variant.literal_type()
    if all(each.simple == SimpleType.DATETIME for each in types):
        return variant.shown == given.shown
    return can_cast(*types) and not why_not(variant, given)


def _why_not_one(union: UnionTransformer, given: Transformer) -> str:
    """The reason why several variants fit; empty if not more than one does. On the wire a `Dog` is only its fields."""
    if has_fields(given):
        what, alike = "fields", _of_same_fields(union.present(), given)
    elif isinstance(given, EnumTransformer | ChoiceTransformer):
        what, alike = "values", [each for each in union.present() if _may_be(each, given)]
    else:
        return ""
    if len(alike) < 2:
        return ""
    names = " and ".join(each.shown for each in alike)
    return f"whose {what} do not tell {names} apart; let the step return `{union.shown}`"


def _of_same_fields(variants: list[Transformer], given: Transformer) -> list[Transformer]:
    fields = given.schema().get("properties", {}).keys()
    classes = [each for each in variants if has_fields(each)]
    return [each for each in classes if each.schema().get("properties", {}).keys() == fields]


def _may_be(variant: Transformer, given: EnumTransformer | ChoiceTransformer) -> bool:
    """True if a variant takes values of the enum or `Literal`."""
    if isinstance(variant, EnumTransformer | ChoiceTransformer):
        return any(variant.fit_plain(value) == EXACT for value in given.values)
    return can_cast(given.literal_type(), variant.literal_type())


def _check_variants(variants: list[Transformer], shown: str) -> None:
    """Raise `UnsupportedType` for two variants that no value and no name tells apart."""
    for index, variant in enumerate(variants):
        for other in variants[:index]:
            both_blobs = type(variant) is type(other) and isinstance(variant, (FileTransformer, DirectoryTransformer))
            if variant.shown == other.shown or (both_blobs and not _is_path(variant) and not _is_path(other)):
                raise UnsupportedType(
                    f"`{shown}` has the variants `{other.shown}` and `{variant.shown}`, which can't be told apart;"
                    " use one of them, or two dataclasses"
                )


def _check_enums(variants: list[Transformer], shown: str) -> None:
    """Raise `OnlyInDocuments` for two enums with the same values: only a document names the one that a value is of."""
    enums = [variant for variant in variants if isinstance(variant, EnumTransformer)]
    for one, other in combinations(enums, 2):
        if one.values == other.values:
            raise OnlyInDocuments(
                f"`{shown}` has the enums `{one.shown}` and `{other.shown}` of the same values, which can't be told"
                " apart; use one of them, or a dataclass with this field"
            )


def _is_empty(value: object) -> bool:
    """True if it is a collection without items, which is the same for items of any type."""
    return isinstance(value, (list, tuple, set, frozenset, dict)) and not value


def _is_path(variant: Transformer) -> bool:
    return isinstance(variant, FileTransformer) and variant.as_path is not None


def _tagged(variant: Transformer) -> LiteralType:
    literal_type = variant.literal_type()
    # flytekit puts the tag in place of the structure of a dataclass, and so must we: types are compared
    literal_type.structure.CopyFrom(TypeStructure(tag=variant.tag))
    return literal_type


def _of_type(stored: LiteralType, variants: list[Transformer]) -> list[Transformer]:
    """Those of the stored type, else those whose class has its name: fields may have been added to it since."""
    types = [(variant, variant.literal_type()) for variant in variants]
    same = [variant for variant, literal_type in types if same_type(literal_type, stored)]
    title = schema_title(stored.metadata)
    return same or [variant for variant, each in types if schema_title(each.metadata) == title] or variants


def _has_kind(variant: Transformer, literal: Literal) -> bool:
    """True if it is no primitive, or one of the kind that the variant writes (an integer for `int`)."""
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
    """True if two types are equal but for tags and structures."""
    return _bare(one) == _bare(other)


def _bare(literal_type: LiteralType) -> LiteralType:
    bare = LiteralType()
    bare.CopyFrom(literal_type)
    bare.ClearField("structure")
    return bare
