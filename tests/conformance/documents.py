"""The files of `conformance/`: what any implementation of the SDK or the platform has to agree with, in any language.

They are made of the goldens that the tests here use, by the code that is tested. A message stands in them as the JSON
of protobuf, and as bytes where its bytes count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import literals_pb2, types_pb2
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import Message
from tests.unit.core.compiler.defects import Case, all_defects, variants_of

from alula.core.compiler import Code, CompileErrors, compile_workflow
from alula.core.ids import AttemptId, ExecutionId, unique_key
from alula.core.literals.casting import can_cast, explain_type
from alula.core.literals.checking import check_literal
from alula.core.literals.hashing import hash_literal, hash_type
from alula.core.policy.cache_key import cache_key
from alula.core.statuses import INTERNAL, STATUSES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "conformance"
GOLDENS = json.loads((ROOT / "tests/unit/sdk/wire/goldens.json").read_text())
"""The messages of flytekit, as hexadecimal digits of their bytes."""
SPECS = {"task": task_pb2.TaskSpec, "workflow": workflow_pb2.WorkflowSpec, "launch plan": launch_plan_pb2.LaunchPlan}

M = TypeVar("M", bound=Message)
# `Any`: JSON, which each file has in a form of its own. README.md describes them.
Document = dict[str, Any]


def documents() -> dict[str, str]:
    """The text of each file, by its name."""
    made: dict[str, Callable[[], Document]] = {
        "types.json": _types,
        "literals.json": _literals,
        "specifications.json": _specifications,
        "closures.json": _closures,
        "defects.json": _defects,
        "names.json": _names,
        "errors.json": _errors,
    }
    return {
        name: json.dumps(make(), indent=1, sort_keys=True, ensure_ascii=False) + "\n" for name, make in made.items()
    }


def _types() -> Document:
    types = _messages("types", types_pb2.LiteralType)
    return {
        name: {
            **_message(each),
            "hash": hash_type(each),
            "text": explain_type(each),
            "casts_to": [other for other, wanted in types.items() if can_cast(each, wanted)],
        }
        for name, each in types.items()
    }


def _literals() -> Document:
    types = _messages("types", types_pb2.LiteralType)
    literals = _messages("literals", literals_pb2.Literal)
    return {
        name: {
            **_message(each),
            "hash": hash_literal(each),
            "fits": [other for other, wanted in types.items() if check_literal(each, wanted) is None],
        }
        for name, each in literals.items()
    }


def _specifications() -> Document:
    return {
        kind: {name: _message(spec) for name, spec in _specs(kind, message)} for kind, message in sorted(SPECS.items())
    }


def _closures() -> Document:
    """Of the workflows that refer to nothing outside their module, what compiling them gives."""
    closures: Document = {}
    for module in ("entities", "constructs"):
        tasks = tuple(spec.template for _, spec in _specs("task", task_pb2.TaskSpec, module))
        for name, spec in _specs("workflow", workflow_pb2.WorkflowSpec, module):
            if not any(_launches(node) for each in (spec.template, *spec.sub_workflows) for node in each.nodes):
                closures[name] = _compiled(Case(spec.template, tasks, tuple(spec.sub_workflows)))
    return closures


def _defects() -> Document:
    return {code.value: [_defect(case) for case in (all_defects()[code](), *variants_of(code))] for code in Code}


def _defect(case: Case) -> Document:
    return {
        "workflow": _message(case.template),
        "tasks": [_message(task) for task in case.tasks],
        "sub_workflows": [_message(each) for each in case.sub_workflows],
        **_compiled(case),
    }


def _compiled(case: Case) -> Document:
    try:
        return {"closure": MessageToDict(compile_workflow(case.template, case.sub_workflows, case.tasks))}
    except CompileErrors as refusal:
        return {"errors": [{"code": error.code.value, "path": error.path} for error in refusal.errors]}


def _names() -> Document:
    attempts = (
        AttemptId(ExecutionId("p", "d", "nightly"), "n0", 0),
        AttemptId(ExecutionId("p", "d", "nightly"), "n0", 2, 17),
        AttemptId(ExecutionId("flytesnacks", "development", "Ärger"), "n0-0-dn0", 1),
        AttemptId(ExecutionId("p", "d", "n" * 63), "n1", 0),
    )
    return {
        "attempts": [
            {**each.execution._asdict(), "node": each.node_id, "attempt": each.attempt, "index": each.index}
            | {"unique_key": unique_key(each), "of_incarnation_x": unique_key(each, "x")}
            for each in attempts
        ],
        "cache_keys": [
            {"task": name, "inputs": MessageToDict(inputs), "digest": cache_key(spec.template, inputs).digest}
            for name, spec in _specs("task", task_pb2.TaskSpec)
            if spec.template.metadata.discoverable
            for inputs in (literals_pb2.LiteralMap(), _integers(spec, 7))
        ],
    }


def _errors() -> Document:
    kinds = {kind.__name__: statuses._asdict() for kind, statuses in STATUSES.items()}
    return {"kinds": {**kinds, "Internal": INTERNAL._asdict()}, "compiler": sorted(code.value for code in Code)}


def _integers(spec: task_pb2.TaskSpec, value: int) -> literals_pb2.LiteralMap:
    literal = literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))
    return literals_pb2.LiteralMap(literals=dict.fromkeys(spec.template.interface.inputs.variables, literal))


def _launches(node: Any) -> bool:  # `Any`: a node, or an array node, of another message
    inner = node.array_node.node if node.HasField("array_node") else node
    return bool(inner.workflow_node.HasField("launchplan_ref"))


def _messages(section: str, message: type[M]) -> dict[str, M]:
    golden: Mapping[str, str] = GOLDENS[section]
    return {name: message.FromString(bytes.fromhex(data)) for name, data in sorted(golden.items())}


def _specs(kind: str, message: type[M], *modules: str) -> Iterator[tuple[str, M]]:
    for module in modules or ("entities", "constructs", "references"):
        for called, data in sorted(GOLDENS[module].items()):
            found, _, name = called.rpartition(" ")
            if found == kind:
                yield name, message.FromString(bytes.fromhex(data))


def _message(message: Message) -> Document:
    data = {"bytes": message.SerializeToString(deterministic=True).hex()}
    try:
        return {"message": MessageToDict(message), **data}
    except SerializeToJsonError:  # some defects are values that have no JSON
        return data
