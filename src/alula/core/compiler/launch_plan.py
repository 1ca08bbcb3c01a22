"""Launch plans: which inputs an execution still needs, and which values it starts with.

Flyte's rules. A launch plan's defaults and fixed inputs are inputs of its workflow, of a fitting type. What it
expects is its defaults, and every input that is neither there nor fixed, as required. A caller may give any
expected input, never a fixed one. One thing is easier here: an `Optional` input that nobody gives is `None`.
"""

from __future__ import annotations

from typing import NamedTuple

from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, types_pb2, workflow_pb2

from alula.core.compiler.entities import ReferencedLaunchPlan
from alula.core.compiler.errors import Code, CompileError, CompileErrors, Findings
from alula.core.compiler.scope import one_of
from alula.core.errors import InvalidInput
from alula.core.literals.casting import explain_type, is_none
from alula.core.literals.checking import check_value
from alula.core.policy.parameters import artifact_behind, may_be_left_out

UNKNOWN_INPUT = "UnknownInput"
MISSING_INPUT = "MissingInput"
INPUT_TYPE_MISMATCH = "InputTypeMismatch"
FIXED_INPUT = "FixedInput"


def expected_inputs(
    name: str,
    inputs: interface_pb2.VariableMap,
    *,
    defaults: interface_pb2.ParameterMap,
    fixed: literals_pb2.LiteralMap,
) -> interface_pb2.ParameterMap:
    """The inputs that a caller of the launch plan may or must give.

    Args:
        name: of the launch plan, for messages.
        inputs: the workflow's.
        defaults: the launch plan's `default_inputs`.
        fixed: its `fixed_inputs`.

    Raises:
        CompileErrors: each default or fixed input that the workflow does not have or that does not fit.
    """
    errors = launch_plan_errors(inputs, defaults=defaults, fixed=fixed)
    if errors:
        raise CompileErrors(name, errors)
    return unchecked_inputs(inputs, defaults=defaults, fixed=fixed)


def launch_plan_errors(
    inputs: interface_pb2.VariableMap,
    *,
    defaults: interface_pb2.ParameterMap,
    fixed: literals_pb2.LiteralMap,
) -> list[CompileError]:
    """The mistakes in a launch plan's default and fixed inputs, judged by the inputs of its workflow."""
    findings = Findings()
    for input_name in sorted(fixed.literals):
        _check(input_name, fixed.literals[input_name], inputs, "fixed input", findings)
    for input_name in sorted(defaults.parameters):
        parameter = defaults.parameters[input_name]
        default = parameter.default if parameter.HasField("default") else None
        _check(input_name, default, inputs, "default input", findings)
        if input_name in fixed.literals:
            findings.add(
                Code.PARAMETER_BOUND_MORE_THAN_ONCE,
                "",
                f"input `{input_name}` has a default and is fixed; leave one of them",
            )
    return findings.errors()


def unchecked_inputs(
    inputs: interface_pb2.VariableMap,
    *,
    defaults: interface_pb2.ParameterMap,
    fixed: literals_pb2.LiteralMap,
) -> interface_pb2.ParameterMap:
    """The same as `expected_inputs`, whatever is wrong, so that callers of the launch plan are checked all the same."""
    expected = interface_pb2.ParameterMap()
    for input_name, variable in inputs.variables.items():
        if input_name in fixed.literals:
            continue
        parameter = expected.parameters[input_name]
        if input_name in defaults.parameters:
            parameter.CopyFrom(defaults.parameters[input_name])
        parameter.var.CopyFrom(variable)
        if parameter.WhichOneof("behavior") is None:
            parameter.required = True
    return expected


def referenced_launch_plan(
    id: identifier_pb2.Identifier,
    *,
    fixed: literals_pb2.LiteralMap,
    expected: interface_pb2.ParameterMap,
    outputs: interface_pb2.VariableMap,
) -> ReferencedLaunchPlan:
    """A launch plan as nodes that refer to it see it: with its expected inputs and the outputs of its workflow."""
    inputs = interface_pb2.VariableMap(
        variables={name: parameter.var for name, parameter in expected.parameters.items()}
    )
    template = workflow_pb2.LaunchPlanTemplate(
        id=id, interface=interface_pb2.TypedInterface(inputs=inputs, outputs=outputs), fixed_inputs=fixed
    )
    return ReferencedLaunchPlan(template, expected)


def _check(
    name: str,
    value: literals_pb2.Literal | None,
    inputs: interface_pb2.VariableMap,
    word: str,
    findings: Findings,
) -> None:
    variables = inputs.variables
    if name not in variables:
        findings.add(
            Code.VARIABLE_NAME_NOT_FOUND,
            "",
            f"{word} `{name}` is not an input of the workflow; use {one_of(variables)}",
        )
    elif value is not None:
        reason = check_value(value, variables[name].type)
        if reason:
            findings.add(Code.MISMATCHING_TYPES, "", f"{word} `{name}` does not fit: {reason}")


def resolve_inputs(
    expected: interface_pb2.ParameterMap,
    *,
    fixed: literals_pb2.LiteralMap,
    given: literals_pb2.LiteralMap,
) -> literals_pb2.LiteralMap:
    """The inputs that an execution starts with: fixed ones, given ones, defaults.

    Raises:
        InvalidInput: all that is wrong in one message; the code is that of the first.
    """
    wrong = wrong_inputs(expected, fixed=fixed, given=given)
    if wrong:
        raise InvalidInput(wrong[0].code, "; ".join(each.message for each in wrong))
    parameters = expected.parameters
    resolved = literals_pb2.LiteralMap()
    resolved.CopyFrom(fixed)
    for name in sorted(parameters):
        parameter = parameters[name]
        if name in given.literals:
            resolved.literals[name].CopyFrom(given.literals[name])
        elif parameter.HasField("default"):
            resolved.literals[name].CopyFrom(parameter.default)
        else:
            resolved.literals[name].CopyFrom(_nothing(parameter.var.type))
    return resolved


class WrongInput(NamedTuple):
    """An input with which an execution can't start."""

    name: str
    code: str
    """`UnknownInput`, `FixedInput`, `InputTypeMismatch` or `MissingInput`."""
    message: str


def wrong_inputs(
    expected: interface_pb2.ParameterMap, *, fixed: literals_pb2.LiteralMap, given: literals_pb2.LiteralMap
) -> list[WrongInput]:
    """All that is wrong with given inputs: those that are given, then those that are missing."""
    wrong = list[WrongInput]()
    parameters = expected.parameters
    for name in sorted(given.literals):
        if name in fixed.literals:
            wrong.append(
                WrongInput(name, FIXED_INPUT, f"input `{name}` is fixed by the launch plan and can't be given")
            )
        elif name not in parameters:
            wrong.append(WrongInput(name, UNKNOWN_INPUT, f"there is no input `{name}`; use {one_of(parameters)}"))
        elif reason := check_value(given.literals[name], parameters[name].var.type):
            wrong.append(WrongInput(name, INPUT_TYPE_MISMATCH, f"input `{name}`: {reason}"))
    for name in sorted(parameters.keys() - given.literals.keys()):
        parameter = parameters[name]
        if not may_be_left_out(parameter):
            kind = explain_type(parameter.var.type)
            why = f"input `{name}` of type {kind} is missing{_unserved(parameter)}"
            wrong.append(WrongInput(name, MISSING_INPUT, why))
    return wrong


def _unserved(parameter: interface_pb2.Parameter) -> str:
    """The reason why a default that the author has declared gives no value."""
    artifact = artifact_behind(parameter)
    return f": its default is artifact `{artifact}`, and this platform keeps no artifacts" if artifact else ""


def _nothing(literal_type: types_pb2.LiteralType) -> literals_pb2.Literal:
    """`None` as a value of an optional type: as the variant of the union that it is."""
    none = literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
    for variant in literal_type.union_type.variants:
        if is_none(variant):
            union = literals_pb2.Union(value=none, type=variant)
            return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))
    return none
