"""Inputs of a launch plan: those that a start must be given a value for, as nothing here could find one."""

from __future__ import annotations

from flyteidl.core import interface_pb2

from alula.core.literals.casting import is_optional

_ARTIFACTS = ("artifact_query", "artifact_id")


def must_be_given(parameter: interface_pb2.Parameter) -> bool:
    """True for an input that has no default. An artifact is none, as nothing here keeps artifacts."""
    return parameter.WhichOneof("behavior") != "default"


def may_be_left_out(parameter: interface_pb2.Parameter) -> bool:
    """True for an input that has a default, or is `None` where nobody gives it."""
    if parameter.HasField("default"):
        return True
    return is_optional(parameter.var.type) and not artifact_behind(parameter)


def artifact_behind(parameter: interface_pb2.Parameter) -> str:
    """The name of the artifact that is the default of an input; empty for any other default, and for none.

    >>> artifact_behind(interface_pb2.Parameter(required=True))
    ''
    """
    if parameter.WhichOneof("behavior") not in _ARTIFACTS:
        return ""
    id = parameter.artifact_query.artifact_id if parameter.HasField("artifact_query") else parameter.artifact_id
    return id.artifact_key.name
