"""The OpenAPI document of the HTTP side: the RPCs as REST, made from descriptors, and Alula's own operations.

Made when it is first asked for; nothing else needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from alula.server.api.answers import Refusal
from alula.server.api.gateway import VARIABLE, Binding, Service, bindings_of
from alula.server.api.openapi.operations import JSON, OCTETS, OPERATIONS, Operation, Parameter
from alula.server.api.openapi.protobuf_schemas import Schema, field_at, parameters_of, reference, schemas_of

_REF = "#/components/schemas/{name}"
_IN_PATH = re.compile(r"\{([a-z_]+)\}")


def openapi(services: Iterable[Service]) -> Schema:
    """The document. Operations that the platform does not offer are left out."""
    offered = [binding for binding in bindings_of(services) if binding.method is not None]
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.verb.lower()] = _own(operation)
    templates: dict[str, str] = {}
    for binding in offered:
        # Paths that differ in the names of their variables alone are one path to OpenAPI.
        template = templates.setdefault(VARIABLE.sub("{}", binding.path), binding.path)
        paths.setdefault(template, {})[binding.verb.lower()] = _of_rpc(binding, VARIABLE.findall(template))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Alula",
            "version": version("alula"),
            "description": "Flyte's RPCs as REST, and what Flyte has no call for.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": {**_own_schemas(), **schemas_of(*_messages(offered))}},
    }


def _of_rpc(binding: Binding, names: Sequence[str]) -> Schema:
    """An RPC under one of its paths, whose variables have these names. Fields that stand neither there nor in a body
    may stand in the query."""
    request, answer = binding.rpc.input_type, binding.rpc.output_type
    in_path: list[str] = VARIABLE.findall(binding.path)
    parameters = [
        _parameter("path", name, field_at(request, field), required=True)
        for name, field in zip(names, in_path, strict=True)
    ]
    service, suffix = binding.rpc.containing_service.name, f"_{binding.number}" if binding.number else ""
    operation: Schema = {
        "operationId": f"{service}_{binding.rpc.name}{suffix}",
        "tags": [service],
        "responses": _answers({JSON: {"schema": reference(answer)}, OCTETS: {}}),
    }
    if binding.verb in ("GET", "DELETE"):
        queried = parameters_of(request, without=frozenset(in_path))
        parameters += [_parameter("query", name, schema) for name, schema in queried]
    if binding.verb != "GET":
        operation["requestBody"] = {"content": {JSON: {"schema": reference(request)}, OCTETS: {}}}
    return {**operation, "parameters": parameters}


def _own(operation: Operation) -> Schema:
    in_path = [_parameter("path", name, {"type": "string"}, required=True) for name in _IN_PATH.findall(operation.path)]
    content: Schema = {}
    if operation.media:
        content[operation.media] = {} if operation.answer is None else {"schema": _schema(operation.answer)}
    told: Schema = {
        "operationId": operation.id,
        "tags": ["Alula"],
        "summary": operation.summary,
        "parameters": in_path + [_queried(parameter) for parameter in operation.parameters],
        "responses": _answers(content),
    }
    if operation.body is bytes:
        told["requestBody"] = {"content": {OCTETS: {}}, "required": True}
    elif operation.body is not None:
        told["requestBody"] = {"content": {JSON: {"schema": _schema(operation.body)}}}
    return told


def _queried(parameter: Parameter) -> Schema:
    kind = {"type": "integer" if parameter.type is int else "string"}
    if not parameter.required and parameter.default is not None:
        kind["default"] = parameter.default
    described = _parameter("query", parameter.name, kind, required=parameter.required)
    return {**described, "description": parameter.description}


def _parameter(place: str, name: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _answers(content: Schema) -> Schema:
    success: Schema = {"description": "Done.", "content": content} if content else {"description": "Done."}
    refusal = {"description": "A refusal or a failure.", "content": {JSON: {"schema": _schema(Refusal)}}}
    return {"200": success, "default": refusal}


def _schema(kind: Any) -> Schema:
    (schema,), _ = msgspec.json.schema_components((kind,), ref_template=_REF)
    return schema


def _own_schemas() -> dict[str, Schema]:
    kinds = [kind for each in OPERATIONS for kind in (each.answer, each.body) if kind not in (None, bytes)]
    _, schemas = msgspec.json.schema_components([Refusal, *kinds], ref_template=_REF)
    return schemas


def _messages(offered: Iterable[Binding]) -> list[Any]:
    return [kind for binding in offered for kind in (binding.rpc.input_type, binding.rpc.output_type)]
