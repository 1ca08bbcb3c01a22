"""What a launch plan asks for, and the inputs of one run. Pure decisions; every complaint at once.

A run's inputs are the launch plan's fixed inputs, the caller's, and the defaults, in this order of precedence;
a caller may not override what is fixed, nor leave out what is required.
"""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.core import interface_pb2, literals_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.checking import check_literal

_ErrorList = list[str]


def expected_inputs(
    interface: interface_pb2.TypedInterface,
    defaults: interface_pb2.ParameterMap,
    fixed: literals_pb2.LiteralMap,
) -> interface_pb2.ParameterMap:
    """What may be given to a run: the workflow's inputs without the fixed ones, with default or required.

    Raises `InvalidInput` code `LaunchPlanInputs` for a default or fixed input that the workflow does not have
    or whose value does not fit.
    """
    variables = interface.inputs.variables
    complaints: _ErrorList = []
    for name, parameter in defaults.parameters.items():
        if parameter.WhichOneof("behavior") == "default":
            _check("default input", name, parameter.default, variables, complaints)
        elif name not in variables:
            complaints.append(f"default input `{name}`: the workflow has no such input")
    for name, literal in fixed.literals.items():
        _check("fixed input", name, literal, variables, complaints)
    _raise("LaunchPlanInputs", "the launch plan does not fit its workflow", complaints)
    expected = interface_pb2.ParameterMap()
    for name, variable in variables.items():
        if name in fixed.literals:
            continue
        given = defaults.parameters.get(name)
        if given is not None and given.WhichOneof("behavior") is not None:
            expected.parameters[name].CopyFrom(given)
            expected.parameters[name].var.CopyFrom(variable)
        else:
            expected.parameters[name].CopyFrom(interface_pb2.Parameter(var=variable, required=True))
    return expected


def resolve_inputs(
    given: literals_pb2.LiteralMap,
    expected: interface_pb2.ParameterMap,
    fixed: literals_pb2.LiteralMap,
) -> literals_pb2.LiteralMap:
    """The inputs of a run. Raises `InvalidInput` code `ExecutionInputs` with every complaint."""
    complaints: _ErrorList = []
    variables = {name: parameter.var for name, parameter in expected.parameters.items()}
    for name, literal in given.literals.items():
        if name in fixed.literals:
            complaints.append(f"`{name}`: the launch plan fixes this input, it can't be given")
        else:
            _check("", name, literal, variables, complaints)
    resolved = literals_pb2.LiteralMap()
    for name, parameter in expected.parameters.items():
        if name in given.literals:
            resolved.literals[name].CopyFrom(given.literals[name])
        elif parameter.WhichOneof("behavior") == "default":
            resolved.literals[name].CopyFrom(parameter.default)
        else:
            complaints.append(f"`{name}`: required, and not given")
    for name, literal in fixed.literals.items():
        resolved.literals[name].CopyFrom(literal)
    _raise("ExecutionInputs", "these inputs can't be used", complaints)
    return resolved


def _check(
    what: str,
    name: str,
    literal: literals_pb2.Literal,
    variables: Mapping[str, interface_pb2.Variable],
    complaints: _ErrorList,
) -> None:
    where = f"{what} `{name}`".strip()
    if name not in variables:
        known = ", ".join(f"`{known}`" for known in sorted(variables)) or "none"
        complaints.append(f"{where}: there is no such input (there is: {known})")
    elif reason := check_literal(literal, variables[name].type):
        complaints.append(f"{where}: {reason}")


def _raise(code: str, what: str, complaints: _ErrorList) -> None:
    if complaints:
        raise InvalidInput(code, f"{what}: {'; '.join(complaints)}")
