"""The mistakes that a workflow can have: every code, and the list that one compilation reports.

Codes are Flyte's own and never change; its two for mere consequences of a cycle are left out.
A message names the thing, the reason and what to change.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from alula.core.errors import InvalidInput


class Code(StrEnum):
    """Codes of Flyte's compiler."""

    CYCLE_DETECTED = "CycleDetected"
    """Nodes wait for each other in a circle."""
    BRANCH_NODE_ID_NOT_FOUND = "BranchNodeIdNotFound"
    """A case of a branch has no node to run."""
    BRANCH_NODE_HAS_NO_CONDITION = "BranchNodeHasNoCondition"
    BRANCH_NODE_HAS_NO_DEFAULT = "BranchNodeHasNoDefault"
    """A branch has neither an else node nor an error."""
    VALUE_REQUIRED = "ValueRequired"
    """A field that must be set is not."""
    INVALID_VALUE = "InvalidValue"
    """A field is set to something that it can't be."""
    NODE_REFERENCE_NOT_FOUND = "NodeReferenceNotFound"
    TASK_REFERENCE_NOT_FOUND = "TaskReferenceNotFound"
    WORKFLOW_REFERENCE_NOT_FOUND = "WorkflowReferenceNotFound"
    """A sub-workflow or launch plan is not there."""
    VARIABLE_NAME_NOT_FOUND = "VariableNameNotFound"
    """A binding, promise or condition names an input or output that does not exist."""
    DUPLICATE_ALIAS = "DuplicateAlias"
    DUPLICATE_ID = "DuplicateId"
    MISMATCHING_TYPES = "MismatchingTypes"
    MISMATCHING_BINDINGS = "MismatchingBindings"
    """A list or map is bound to something that is neither."""
    MISMATCHING_INTERFACES = "MismatchingInterfaces"
    """An array node has no list to map over."""
    INCONSISTENT_TYPES = "InconsistentTypes"
    """A reference is to another kind of entity than its place asks for."""
    PARAMETER_BOUND_MORE_THAN_ONCE = "ParameterBoundMoreThanOnce"
    PARAMETER_NOT_BOUND = "ParameterNotBound"
    UNRECOGNIZED_VALUE = "UnrecognizedValue"
    """A constant holds no value that this version knows."""
    WORKFLOW_BUILD_ERROR = "WorkflowBuildError"
    """A workflow contains itself, or is nested too deeply."""
    VALUE_COLLISION = "ValueCollision"
    """A name that must be unique is used twice."""
    SYNTAX_ERROR = "SyntaxError"
    NO_NODES_FOUND = "NoNodesFound"
    ILLEGAL_ENUM_VALUE = "IllegalEnumValue"
    AMBIGUOUS_BINDING_UNION_VALUE = "AmbiguousBindingUnionValue"
    INCOMPATIBLE_BINDING_UNION_VALUE = "IncompatibleBindingUnionValue"
    NO_CONDITION_FOUND = "NoConditionFound"
    """A gate has nothing to wait for."""
    FIELD_NOT_FOUND = "FieldNotFound"
    """An attribute path leads to a field that the type does not have."""
    IDL_TYPE_NOT_FOUND = "IDLTypeNotFound"
    """A type of a kind that this version does not know."""


class CompileError(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    code: Code
    path: str
    """The node, below the sub-workflow nodes that lead to it (`n1/n0`); empty for the workflow itself."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.code}: {self.message}" if self.path else f"{self.code}: {self.message}"


class CompileErrors(InvalidInput):
    """All that is wrong with a workflow, task or launch plan, at once. `errors` in the order of a template's nodes."""

    def __init__(self, name: str, errors: Iterable[CompileError], *, kind: str = "workflow") -> None:
        self.errors = tuple(errors)
        count = f"{len(self.errors)} errors" if len(self.errors) > 1 else "an error"
        lines = "".join(f"\n  {error}" for error in self.errors)
        super().__init__("WorkflowDoesNotCompile", f"{kind} `{name}` has {count}:{lines}")


class Findings:
    """The errors found in one workflow, below `path`."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._found: dict[CompileError, None] = {}

    def add(self, code: Code, node_id: str, message: str) -> None:
        """Note an error; the same one twice counts once."""
        self._found[CompileError(code, self.path_of(node_id), message)] = None

    def path_of(self, node_id: str) -> str:
        """The full path of a node of this workflow."""
        return "/".join(part for part in (self._path, node_id) if part)

    def errors(self) -> list[CompileError]:
        return list(self._found)
