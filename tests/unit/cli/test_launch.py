"""The inputs that `alula launch` asks for, by what is registered."""

import pytest
from flyteidl.core import identifier_pb2, interface_pb2, types_pb2

from alula.cli.inputs import completed
from alula.cli.launch import interface_of
from alula.core.errors import InvalidInput
from alula.sdk.authoring.interface import refuse_found
from alula.sdk.client.registered import Registered

NUMBER = types_pb2.LiteralType(simple=types_pb2.INTEGER)
NOTHING = types_pb2.LiteralType(simple=types_pb2.NONE)
MAYBE = types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=[NUMBER, NOTHING]))


@pytest.mark.parametrize("type_", [NUMBER, MAYBE])
def test_an_input_that_is_an_artifact_must_be_given_and_is_told_by_its_name(type_):
    parameter = interface_pb2.Parameter(var=interface_pb2.Variable(type=type_))
    parameter.artifact_query.artifact_id.artifact_key.name = "models"
    id = identifier_pb2.Identifier(resource_type=identifier_pb2.LAUNCH_PLAN, name="flows.score")
    interface = interface_of(Registered(id, interface_pb2.ParameterMap(parameters={"model": parameter})))
    with pytest.raises(InvalidInput) as refused:
        refuse_found({**interface.defaults, **completed(interface, {})}, "launch plan `flows.score`")
    assert refused.value.message == (
        "input `model` of launch plan `flows.score` is what a query for artifact `models` finds, and nothing here keeps"
        " artifacts"
    )
    assert refused.value.fix == "give a value for `model`, or start runs by `OnRunEnd` of the workflow that makes it"
    given = {**interface.defaults, **completed(interface, {"model": 3})}
    refuse_found(given, "launch plan `flows.score`")
    assert given == {"model": 3}
