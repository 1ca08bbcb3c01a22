"""Which inputs an execution still needs, and which values it starts with."""

import pytest
from flyteidl.core import artifact_id_pb2, interface_pb2, literals_pb2, types_pb2
from tests.graphs import INT, interface, list_of, optional
from tests.unit.core.literals.values import NONE, STR, lit, union_value

from alula.core.compiler import CompileErrors
from alula.core.compiler.launch_plan import expected_inputs, resolve_inputs
from alula.core.errors import InvalidInput

INPUTS = interface({"x": INT, "name": STR, "maybe": optional(INT)}, {}).inputs


def values(**given: object) -> literals_pb2.LiteralMap:
    return literals_pb2.LiteralMap(literals={name: lit(value) for name, value in given.items()})


def defaults(**given: object) -> interface_pb2.ParameterMap:
    return interface_pb2.ParameterMap(
        parameters={name: interface_pb2.Parameter(default=lit(value)) for name, value in given.items()}
    )


def expected(default: interface_pb2.ParameterMap | None = None, **fixed: object) -> interface_pb2.ParameterMap:
    return expected_inputs("lp", INPUTS, defaults=default or defaults(), fixed=values(**fixed))


def test_what_has_no_default_and_is_not_fixed_is_required() -> None:
    parameters = expected(defaults(x=1), name="n").parameters
    assert parameters.keys() == {"x", "maybe"}
    assert parameters["x"].default == lit(1)
    assert parameters["x"].var.type == INT
    assert parameters["maybe"].required


def test_a_default_that_only_says_required_stays_so() -> None:
    given = interface_pb2.ParameterMap(parameters={"x": interface_pb2.Parameter(required=True)})
    assert expected(given).parameters["x"].required


def test_defaults_and_fixed_inputs_that_do_not_fit_come_all_at_once() -> None:
    with pytest.raises(CompileErrors) as caught:
        expected(defaults(x="text", nope=1), name=3)
    assert [error.code.value for error in caught.value.errors] == [
        "MismatchingTypes",
        "VariableNameNotFound",
        "MismatchingTypes",
    ]
    with pytest.raises(CompileErrors, match="`x` has a default and is fixed"):
        expected(defaults(x=1), x=2)


def test_an_execution_starts_with_fixed_given_and_default_values() -> None:
    resolved = resolve_inputs(expected(defaults(x=1), name="n"), fixed=values(name="n"), given=values(maybe=5))
    assert dict(resolved.literals) == {"name": lit("n"), "x": lit(1), "maybe": lit(5)}
    assert resolve_inputs(expected(defaults(x=1)), fixed=values(), given=values(x=2, name="n")).literals["x"] == lit(2)


def test_an_optional_input_that_nobody_gives_is_none() -> None:
    resolved = resolve_inputs(expected(), fixed=values(), given=values(x=1, name="n"))
    assert resolved.literals["maybe"] == union_value(lit(None), NONE)


@pytest.mark.parametrize("behavior", ["artifact_query", "artifact_id"])
@pytest.mark.parametrize("name", ["x", "maybe"])
def test_an_artifact_as_default_gives_no_value_and_a_given_one_takes_its_place(name: str, behavior: str) -> None:
    prices = artifact_id_pb2.ArtifactID(artifact_key=artifact_id_pb2.ArtifactKey(name="prices"))
    found = interface_pb2.Parameter(artifact_id=prices)
    if behavior == "artifact_query":
        found = interface_pb2.Parameter(artifact_query=artifact_id_pb2.ArtifactQuery(artifact_id=prices))
    plan = expected(interface_pb2.ParameterMap(parameters={name: found}), name="n")
    others = {"x": 1} if name == "maybe" else {}
    with pytest.raises(InvalidInput, match="default is artifact `prices`, and this platform keeps no artifacts"):
        resolve_inputs(plan, fixed=values(name="n"), given=values(**others))
    given = values(**{**others, name: 2})
    assert resolve_inputs(plan, fixed=values(name="n"), given=given).literals[name] == lit(2)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"x": 1, "nmae": "n"}, "UnknownInput", "there is no input `nmae`"),
        ({"x": "1"}, "InputTypeMismatch", "input `x`: expected int, got str"),
        ({"name": "other", "x": 1}, "FixedInput", "`name` is fixed"),
        ({}, "MissingInput", "`x` of type int is missing"),
    ],
)
def test_inputs_that_can_not_be(given: dict[str, object], code: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_inputs(expected(name="n"), fixed=values(name="n"), given=values(**given))
    assert caught.value.code == code
    assert words in caught.value.message


def test_everything_wrong_with_inputs_is_in_one_message() -> None:
    with pytest.raises(InvalidInput, match=r"no input `z`.*input `x` of type int is missing"):
        resolve_inputs(expected(name="n"), fixed=values(name="n"), given=values(z=1))


TIME = types_pb2.LiteralType(simple=types_pb2.DATETIME)
SPAN = types_pb2.LiteralType(simple=types_pb2.DURATION)
ANY_STRUCT = types_pb2.LiteralType(simple=types_pb2.STRUCT)


@pytest.mark.parametrize(
    ("literal_type", "value"),
    [
        (TIME, {"scalar": {"primitive": {"datetime": {"seconds": 253_402_300_800}}}}),
        (SPAN, {"scalar": {"primitive": {"duration": {"seconds": 2**62}}}}),
        (ANY_STRUCT, {"scalar": {"binary": {"tag": "msgpack", "value": b"\x81\xc1"}}}),
        (list_of(TIME), {"collection": {"literals": [{"scalar": {"primitive": {"datetime": {"seconds": -(2**62)}}}}]}}),
    ],
)
def test_a_value_that_nothing_can_be_done_with_does_not_come_in(
    literal_type: types_pb2.LiteralType, value: dict[str, object]
) -> None:
    inputs = interface({"t": literal_type}, {}).inputs
    literal = literals_pb2.Literal(**value)  # type: ignore[arg-type]
    given = literals_pb2.LiteralMap(literals={"t": literal})
    default = interface_pb2.ParameterMap(parameters={"t": interface_pb2.Parameter(default=literal)})
    with pytest.raises(CompileErrors, match="does not fit"):
        expected_inputs("lp", inputs, defaults=default, fixed=values())
    with pytest.raises(CompileErrors, match="does not fit"):
        expected_inputs("lp", inputs, defaults=defaults(), fixed=given)
    open_ = expected_inputs("lp", inputs, defaults=defaults(), fixed=values())
    with pytest.raises(InvalidInput, match="input `t`"):
        resolve_inputs(open_, fixed=values(), given=given)
