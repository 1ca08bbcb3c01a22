"""The check of bindings: values given to a node's inputs, or to a workflow's outputs, must fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flyteidl.core import literals_pb2, types_pb2

from alula.core.compiler.entities import Interface
from alula.core.compiler.errors import Code, Findings
from alula.core.compiler.promises import promise_type
from alula.core.compiler.scope import Scope, one_of
from alula.core.errors import InvalidInput
from alula.core.literals.casting import can_cast, explain_type
from alula.core.literals.checking import scalar_type_of
from alula.core.literals.soundness import unsound_binding

_WORDS = {"collection": "a list", "map": "a map"}


def check_bindings(bindings: Iterable[literals_pb2.Binding], interface: Interface, node_id: str, scope: Scope) -> None:
    """Report every input that is bound wrongly, twice, or not at all."""
    findings = scope.findings
    bound: set[str] = set()
    for binding in bindings:
        if binding.var not in interface.inputs:
            findings.add(
                Code.VARIABLE_NAME_NOT_FOUND,
                node_id,
                f"`{binding.var}` is bound, but is not an input; use {one_of(interface.inputs)}",
            )
            continue
        if binding.var in bound:
            findings.add(
                Code.PARAMETER_BOUND_MORE_THAN_ONCE,
                node_id,
                f"`{binding.var}` is bound more than once; leave one binding",
            )
            continue
        bound.add(binding.var)
        check = _Check(node_id, binding.var, scope)
        if check.is_sound(binding.binding, findings):
            check.check(binding.binding, interface.inputs[binding.var], findings)
    for name in sorted(interface.required - bound):
        findings.add(
            Code.PARAMETER_NOT_BOUND,
            node_id,
            f"`{name}` of type {explain_type(interface.inputs[name])} is not bound; give it a value",
        )


def bound_types(
    bindings: Iterable[literals_pb2.Binding], node_id: str, scope: Scope
) -> Mapping[str, types_pb2.LiteralType | None]:
    """The types of inputs that the bindings themselves define, as those of a branch or a gate do.

    Reports what is bound twice or holds nothing. `None` for a type that only the run tells.
    """
    types: dict[str, types_pb2.LiteralType | None] = {}
    for binding in bindings:
        if binding.var in types:
            scope.findings.add(
                Code.PARAMETER_BOUND_MORE_THAN_ONCE,
                node_id,
                f"`{binding.var}` is bound more than once; leave one binding",
            )
            continue
        check = _Check(node_id, binding.var, scope)
        types[binding.var] = check.type_of(binding.binding) if check.is_sound(binding.binding, scope.findings) else None
    return types


class _Check:
    """One binding of one node."""

    def __init__(self, node_id: str, var: str, scope: Scope) -> None:
        self._node_id = node_id
        self._var = var
        self._scope = scope

    def is_sound(self, data: literals_pb2.BindingData, findings: Findings) -> bool:
        """Report a value that can't be carried through the platform."""
        reason = unsound_binding(data)
        if reason is not None:
            findings.add(Code.UNRECOGNIZED_VALUE, self._node_id, f"`{self._var}` is bound to a constant: {reason}")
        return reason is None

    def check(self, data: literals_pb2.BindingData, wanted: types_pb2.LiteralType, findings: Findings) -> None:
        kind = data.WhichOneof("value")
        match kind:
            case "promise":
                given = promise_type(data.promise, self._node_id, self._scope)
                if given is not None and not can_cast(given, wanted):
                    source = f"`{data.promise.node_id}.{data.promise.var}`"
                    self._mismatch(source, given, wanted, findings)
            case "scalar":
                self._check_scalar(data.scalar, wanted, findings)
            case "offloaded_metadata":
                given = data.offloaded_metadata.inferred_type
                if not can_cast(given, wanted):
                    self._mismatch("a stored value", given, wanted, findings)
            case "collection" | "map" if wanted.WhichOneof("type") == "union_type":
                self._check_variants(data, wanted, findings)
            case "collection" if wanted.WhichOneof("type") == "collection_type":
                for item in data.collection.bindings:
                    self.check(item, wanted.collection_type, findings)
            case "map" if wanted.WhichOneof("type") == "map_value_type":
                for key in sorted(data.map.bindings):
                    self.check(data.map.bindings[key], wanted.map_value_type, findings)
            case "collection" | "map":
                findings.add(
                    Code.MISMATCHING_BINDINGS,
                    self._node_id,
                    f"`{self._var}` is bound to {_WORDS[kind]}, but is of type {explain_type(wanted)}",
                )
            case _:
                self._empty(findings)

    def type_of(self, data: literals_pb2.BindingData) -> types_pb2.LiteralType | None:
        match data.WhichOneof("value"):
            case "promise":
                return promise_type(data.promise, self._node_id, self._scope)
            case "scalar":
                return self._scalar_type(data.scalar, self._scope.findings)
            case "offloaded_metadata":
                return data.offloaded_metadata.inferred_type
            case "collection":
                item = self._common([self.type_of(item) for item in data.collection.bindings])
                return None if item is None else types_pb2.LiteralType(collection_type=item)
            case "map":
                item = self._common([self.type_of(item) for item in data.map.bindings.values()])
                return None if item is None else types_pb2.LiteralType(map_value_type=item)
            case _:
                self._empty(self._scope.findings)
                return None

    def _common(self, types: list[types_pb2.LiteralType | None]) -> types_pb2.LiteralType | None:
        """The type of all items, `None` type of an empty list, unknown where they differ."""
        if not types:
            return types_pb2.LiteralType(simple=types_pb2.NONE)
        return types[0] if all(other == types[0] for other in types) else None

    def _check_scalar(self, scalar: literals_pb2.Scalar, wanted: types_pb2.LiteralType, findings: Findings) -> None:
        given = self._scalar_type(scalar, findings)
        if given is None:
            return
        if not can_cast(given, wanted):
            self._mismatch("a constant", given, wanted, findings)
        elif wanted.WhichOneof("type") == "enum_type":
            self._check_enum(scalar.primitive.string_value, wanted.enum_type, findings)
        elif scalar.HasField("union") and scalar.union.type.WhichOneof("type") == "enum_type":
            value = scalar.union.value.scalar.primitive.string_value
            self._check_enum(value, scalar.union.type.enum_type, findings)

    def _check_enum(self, value: str, enum: types_pb2.EnumType, findings: Findings) -> None:
        if value not in enum.values:
            known = ", ".join(f"`{allowed}`" for allowed in enum.values)
            findings.add(
                Code.ILLEGAL_ENUM_VALUE,
                self._node_id,
                f"`{self._var}` is bound to `{value}`; use one of {known}",
            )

    def _scalar_type(self, scalar: literals_pb2.Scalar, findings: Findings) -> types_pb2.LiteralType | None:
        try:
            return scalar_type_of(scalar)
        except InvalidInput as nothing:
            findings.add(Code.UNRECOGNIZED_VALUE, self._node_id, f"`{self._var}` is bound to a constant: {nothing}")
            return None

    def _check_variants(
        self, data: literals_pb2.BindingData, wanted: types_pb2.LiteralType, findings: Findings
    ) -> None:
        fitting = [variant for variant in wanted.union_type.variants if self._would_fit(data, variant)]
        if len(fitting) > 1:
            both = " and ".join(explain_type(variant) for variant in fitting)
            findings.add(
                Code.AMBIGUOUS_BINDING_UNION_VALUE,
                self._node_id,
                f"what `{self._var}` is bound to fits several variants of {explain_type(wanted)}: {both}; "
                "bind a promise or a typed value instead",
            )
        elif not fitting:
            findings.add(
                Code.INCOMPATIBLE_BINDING_UNION_VALUE,
                self._node_id,
                f"what `{self._var}` is bound to fits no variant of {explain_type(wanted)}",
            )

    def _would_fit(self, data: literals_pb2.BindingData, variant: types_pb2.LiteralType) -> bool:
        trial = Findings()
        self.check(data, variant, trial)
        return not trial.errors()

    def _mismatch(
        self,
        source: str,
        given: types_pb2.LiteralType,
        wanted: types_pb2.LiteralType,
        findings: Findings,
    ) -> None:
        findings.add(
            Code.MISMATCHING_TYPES,
            self._node_id,
            f"`{self._var}` is of type {explain_type(wanted)}, but {source} that it is bound to is of type "
            f"{explain_type(given)}",
        )

    def _empty(self, findings: Findings) -> None:
        findings.add(Code.VALUE_REQUIRED, self._node_id, f"`{self._var}` is bound to nothing; give it a value")
