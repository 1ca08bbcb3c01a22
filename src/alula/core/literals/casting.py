"""The rules by which one type may stand where another is expected, and the words for a type.

Flyte's rules. The types are equal (metadata and annotations apart), or:

* an enum is a string and a string may become an enum;
* a collection or map of nothing (an empty constant) is any collection or map;
* each variant of an upstream union fits the downstream type (in Flyte only where the union has one);
* a type fits a union when it fits exactly one of its variants, with the same tag where upstream has one, or is
  exactly one of those that it fits; `None` fits every union that names it;
* a structured data set or schema has at least the columns that downstream names, in the same format
  unless one side leaves it open; schemas are parquet; nothing (`None`) is a structured data set too;
* a struct fits a struct when their JSON schemas, where both have one, do;
* a blob has the same shape (file or directory), and the same format unless one side leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flyteidl.core import types_pb2

from alula.core.literals.schemas import fits_schema, schema_title

_COLUMN_SIMPLE_TYPE: Mapping[int, types_pb2.SimpleType] = {
    types_pb2.SchemaType.SchemaColumn.INTEGER: types_pb2.INTEGER,
    types_pb2.SchemaType.SchemaColumn.FLOAT: types_pb2.FLOAT,
    types_pb2.SchemaType.SchemaColumn.STRING: types_pb2.STRING,
    types_pb2.SchemaType.SchemaColumn.BOOLEAN: types_pb2.BOOLEAN,
    types_pb2.SchemaType.SchemaColumn.DATETIME: types_pb2.DATETIME,
    types_pb2.SchemaType.SchemaColumn.DURATION: types_pb2.DURATION,
}
_SIMPLE_WORDS = {
    types_pb2.NONE: "None",
    types_pb2.INTEGER: "int",
    types_pb2.FLOAT: "float",
    types_pb2.STRING: "str",
    types_pb2.BOOLEAN: "bool",
    types_pb2.DATETIME: "datetime",
    types_pb2.DURATION: "timedelta",
    types_pb2.BINARY: "bytes",
    types_pb2.ERROR: "error",
    types_pb2.STRUCT: "struct",
}


def can_cast(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    """True if a value of type `upstream` may be given where `downstream` is expected."""
    if upstream == downstream:
        return True
    variants = upstream.union_type.variants
    if variants and downstream.WhichOneof("type") != "union_type":
        return all(can_cast(variant, downstream) for variant in variants)
    return _fits(upstream, downstream)


def is_none(literal_type: types_pb2.LiteralType) -> bool:
    """True if only `None` is of this type."""
    return literal_type.WhichOneof("type") == "simple" and literal_type.simple == types_pb2.NONE


def is_optional(literal_type: types_pb2.LiteralType) -> bool:
    """True if an input of this type may be left out: `None`, or a union with it."""
    return is_none(literal_type) or any(is_none(variant) for variant in literal_type.union_type.variants)


def _fits(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    rule = _RULES.get(downstream.WhichOneof("type") or "", _fits_simple)
    return rule(upstream, downstream)


def _fits_simple(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    kinds = upstream.WhichOneof("type"), downstream.WhichOneof("type")
    if is_none(downstream):
        return is_none(upstream)
    if kinds == ("enum_type", "simple"):
        return downstream.simple == types_pb2.STRING
    if kinds == ("simple", "enum_type"):
        return upstream.simple == types_pb2.STRING
    if upstream.structure.tag and upstream.structure.tag != downstream.structure.tag:
        return False
    if kinds == ("enum_type", "enum_type"):
        return upstream.enum_type == downstream.enum_type
    if kinds != ("simple", "simple") or upstream.simple != downstream.simple:
        return False
    if downstream.simple != types_pb2.STRUCT:
        return True
    described = upstream.HasField("metadata") and downstream.HasField("metadata")
    return not described or fits_schema(upstream.metadata, downstream.metadata)


def _fits_collection(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    if upstream.WhichOneof("type") != "collection_type":
        return False
    return is_none(upstream.collection_type) or can_cast(upstream.collection_type, downstream.collection_type)


def _fits_map(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    if upstream.WhichOneof("type") != "map_value_type":
        return False
    return is_none(upstream.map_value_type) or can_cast(upstream.map_value_type, downstream.map_value_type)


def _fits_union(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    variants = downstream.union_type.variants
    if upstream.WhichOneof("type") == "union_type":
        return all(any(can_cast(given, variant) for variant in variants) for given in upstream.union_type.variants)
    if is_none(upstream) and is_optional(downstream):
        return True
    return len(fitting_variants(upstream, downstream)) == 1


def fitting_variants(upstream: types_pb2.LiteralType, union: types_pb2.LiteralType) -> list[types_pb2.LiteralType]:
    """The variants of a union that a type may be given for: where it fits several, those that it is exactly."""
    fitting = [variant for variant in union.union_type.variants if can_cast(upstream, variant)]
    if len(fitting) < 2:
        return fitting
    return [variant for variant in fitting if _bare(variant) == _bare(upstream)] or fitting


def _bare(literal_type: types_pb2.LiteralType) -> types_pb2.LiteralType:
    """A type without the tag that names it in a union and the structure that stands in the tag's place elsewhere."""
    bare = types_pb2.LiteralType()
    bare.CopyFrom(literal_type)
    bare.ClearField("structure")
    bare.ClearField("annotation")
    return bare


def _fits_blob(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    if upstream.WhichOneof("type") != "blob":
        return False
    given, wanted = upstream.blob, downstream.blob
    same_format = given.format == wanted.format or not given.format or not wanted.format
    return same_format and given.dimensionality == wanted.dimensionality


def _fits_schema(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    columns = downstream.schema.columns
    match upstream.WhichOneof("type"):
        case "schema":
            given = {column.name: column.type for column in upstream.schema.columns}
            return not given or all(given.get(column.name) == column.type for column in columns)
        case "structured_dataset_type":
            dataset = upstream.structured_dataset_type
            simple = {column.name: _simple(column.literal_type) for column in dataset.columns}
            return _is_parquet(dataset.format) and (
                not simple or all(_is_column(simple.get(column.name), column.type) for column in columns)
            )
        case _:
            return False


def _fits_dataset(upstream: types_pb2.LiteralType, downstream: types_pb2.LiteralType) -> bool:
    wanted = downstream.structured_dataset_type
    match upstream.WhichOneof("type"):
        case "simple":
            return upstream.simple == types_pb2.NONE
        case "schema":
            types = {column.name: column.type for column in upstream.schema.columns}
            return _is_parquet(wanted.format) and (
                not types
                or all(
                    column.name in types and _is_column(_simple(column.literal_type), types[column.name])
                    for column in wanted.columns
                )
            )
        case "structured_dataset_type":
            given = upstream.structured_dataset_type
            columns = {column.name: column.literal_type for column in given.columns}
            same_format = not given.format or not wanted.format or given.format.lower() == wanted.format.lower()
            return same_format and (not columns or _has_columns(columns, wanted.columns))
        case _:
            return False


def _has_columns(
    given: Mapping[str, types_pb2.LiteralType],
    wanted: Iterable[types_pb2.StructuredDatasetType.DatasetColumn],
) -> bool:
    return all(column.name in given and can_cast(given[column.name], column.literal_type) for column in wanted)


def _simple(literal_type: types_pb2.LiteralType) -> types_pb2.SimpleType | None:
    return literal_type.simple if literal_type.WhichOneof("type") == "simple" else None


def _is_column(simple: types_pb2.SimpleType | None, column: int) -> bool:
    """True if a column of a schema holds values of the simple type; False if this version does not know both."""
    return simple is not None and _COLUMN_SIMPLE_TYPE.get(column) == simple


def _is_parquet(data_format: str) -> bool:
    return data_format.lower() in ("", "parquet")


_RULES: dict[str, Callable[[types_pb2.LiteralType, types_pb2.LiteralType], bool]] = {
    "collection_type": _fits_collection,
    "map_value_type": _fits_map,
    "union_type": _fits_union,
    "blob": _fits_blob,
    "schema": _fits_schema,
    "structured_dataset_type": _fits_dataset,
}


def explain_type(literal_type: types_pb2.LiteralType) -> str:
    """A type as its author would write it.

    >>> explain_type(types_pb2.LiteralType(collection_type=types_pb2.LiteralType(simple=types_pb2.INTEGER)))
    'list[int]'
    """
    match literal_type.WhichOneof("type"):
        case "simple" if literal_type.simple == types_pb2.STRUCT:
            return _explain_struct(literal_type)
        case "simple":
            return _SIMPLE_WORDS.get(literal_type.simple, f"simple type {literal_type.simple}")
        case "collection_type":
            return f"list[{explain_type(literal_type.collection_type)}]"
        case "map_value_type":
            return f"dict[str, {explain_type(literal_type.map_value_type)}]"
        case "union_type":
            return _explain_union(literal_type.union_type)
        case "enum_type":
            return f"enum[{', '.join(literal_type.enum_type.values)}]"
        case "blob":
            return _explain_blob(literal_type.blob)
        case "schema":
            return f"schema{_explain_columns(_schema_columns(literal_type.schema))}"
        case "structured_dataset_type":
            dataset = literal_type.structured_dataset_type
            columns = [(column.name, explain_type(column.literal_type)) for column in dataset.columns]
            data_format = f"[{dataset.format}]" if dataset.format else ""
            return f"StructuredDataset{data_format}{_explain_columns(columns)}"
        case _:
            return "no type"


def _explain_struct(literal_type: types_pb2.LiteralType) -> str:
    title = schema_title(literal_type.metadata) if literal_type.HasField("metadata") else ""
    if title:
        return f"dataclass {title}"
    fields = literal_type.structure.dataclass_type
    if fields:
        inside = ", ".join(f"{name}: {explain_type(fields[name])}" for name in sorted(fields))
        return f"dataclass({inside})"
    return "struct"


def _explain_union(union: types_pb2.UnionType) -> str:
    present = [explain_type(variant) for variant in union.variants if not is_none(variant)]
    if len(present) == len(union.variants):
        return f"Union[{', '.join(present)}]"
    return f"Optional[{present[0]}]" if len(present) == 1 else f"Union[{', '.join([*present, 'None'])}]"


def _explain_blob(blob: types_pb2.BlobType) -> str:
    word = "directory" if blob.dimensionality == types_pb2.BlobType.MULTIPART else "file"
    return f"{word}[{blob.format}]" if blob.format else word


def _schema_columns(schema: types_pb2.SchemaType) -> list[tuple[str, str]]:
    return [(column.name, _column_word(column.type)) for column in schema.columns]


def _column_word(column: int) -> str:
    return _SIMPLE_WORDS[_COLUMN_SIMPLE_TYPE[column]] if column in _COLUMN_SIMPLE_TYPE else f"column type {column}"


def _explain_columns(columns: list[tuple[str, str]]) -> str:
    return f"({', '.join(f'{name}: {kind}' for name, kind in columns)})" if columns else ""
