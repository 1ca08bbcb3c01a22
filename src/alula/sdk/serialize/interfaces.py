"""Typed interfaces, default inputs and descriptions as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from flyteidl.admin.description_entity_pb2 import Description as DescriptionMessage
from flyteidl.admin.description_entity_pb2 import DescriptionEntity, DescriptionFormat
from flyteidl.core.interface_pb2 import Parameter, ParameterMap, TypedInterface, Variable
from flyteidl.core.literals_pb2 import Literal

from alula.sdk.authoring.artifact import Artifact, ArtifactQuery
from alula.sdk.authoring.binding import input_form, output_form
from alula.sdk.authoring.constants import constant
from alula.sdk.authoring.documentation import Description, Documentation
from alula.sdk.authoring.interface import REQUIRED, DerivedInterface, DocumentedInterface, InterfaceView
from alula.sdk.mistake import Location
from alula.sdk.serialize.artifacts import input_artifact, output_artifact, put_query
from alula.sdk.store import NO_STORE, Store
from alula.sdk.types.engine import to_python


def typed_interface(interface: InterfaceView) -> TypedInterface:
    """Inputs and outputs with the descriptions of the docstring."""
    message = TypedInterface()
    message.inputs.SetInParent()
    message.outputs.SetInParent()
    for name in interface.inputs:
        message.inputs.variables[name].CopyFrom(input_variable(interface, name))
    for name in interface.outputs:
        _, literal_type = output_form(interface, name)
        artifact = output_artifact(interface, name)
        message.outputs.variables[name].CopyFrom(
            Variable(type=literal_type, description=interface.describe_output(name), artifact_partial_id=artifact)
        )
    return message


def input_variable(interface: InterfaceView, name: str) -> Variable:
    """One input."""
    _, literal_type = input_form(interface, name)
    artifact = input_artifact(interface, name)
    return Variable(type=literal_type, description=interface.describe_input(name), artifact_partial_id=artifact)


def parameters(interface: DerivedInterface, *, at: Location) -> ParameterMap:
    """The inputs of a launch plan: required, or with a default."""
    message = ParameterMap()
    message.SetInParent()
    for name, default in interface.defaults.items():
        parameter = Parameter(var=input_variable(interface, name))
        if default is REQUIRED:
            parameter.required = True
        elif isinstance(default, Artifact | ArtifactQuery):
            put_query(parameter, default, interface.source.inputs, at=at)
        else:
            parameter.default.CopyFrom(input_literal(interface, name, default, at=at))
        message.parameters[name].CopyFrom(parameter)
    return message


def literals(interface: InterfaceView, values: Mapping[str, object], *, at: Location) -> dict[str, Literal]:
    """Values of inputs as literals."""
    return {name: input_literal(interface, name, value, at=at) for name, value in values.items()}


def input_literal(
    interface: InterfaceView, name: str, value: object, *, at: Location, store: Store = NO_STORE
) -> Literal:
    """One value of an input; its files go to `store`. Raises `InvalidInput` for a value that is not of the type."""
    transformer, _ = input_form(interface, name)
    return constant(
        transformer, value, what=f"input `{name}` of {interface.kind} `{interface.name}`", at=at, store=store
    )


def returned_value(interface: DocumentedInterface, outputs: Mapping[str, Literal], store: Store) -> object:
    """The value that a call gives, from its outputs. Raises `TypeMismatch`."""
    values = [to_python(outputs[name], type_, store) for name, type_ in interface.outputs.items()]
    if interface.output_tuple is not None:
        return cast("Callable[..., object]", interface.output_tuple)(*values)
    if interface.returns_tuple:
        return tuple(values)
    return values[0] if values else None


def description(interface: DocumentedInterface, docs: Documentation | None) -> DescriptionEntity:
    """The description in `docs`, else that in the docstring."""
    if docs is None:
        docs = Documentation(interface.docstring.short, Description(interface.docstring.long))
    long = docs.long_description or Description()
    message = DescriptionEntity(short_description=docs.short_description or "")
    message.long_description.MergeFrom(DescriptionMessage(format=DescriptionFormat.Name(long.format.value)))
    if long.value:
        message.long_description.value = long.value
    elif long.uri:
        message.long_description.uri = long.uri
    message.long_description.icon_link = long.icon_link or ""
    if docs.source_code is not None:
        message.source_code.link = docs.source_code.link or ""
    return message
