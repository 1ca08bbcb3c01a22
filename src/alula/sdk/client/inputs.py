"""Python values of inputs as the literals with which a run is started."""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.core import interface_pb2, literals_pb2

from alula.core.errors import InvalidInput
from alula.sdk.authoring.binding import input_form
from alula.sdk.authoring.interface import REQUIRED, refuse_found
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.client.literals import literal_of
from alula.sdk.store import Store
from alula.sdk.types.transformer import TypeMismatch

Launchable = Task[..., object] | Workflow[..., object] | LaunchPlan


def input_literals(
    entity: Launchable, values: Mapping[str, object], store: Store, *, with_defaults: bool = False
) -> dict[str, literals_pb2.Literal]:
    """Literals of the values; files and data frames go into `store`.

    The platform knows the defaults of a workflow, from its launch plan, but not those of a task: these are always
    filled in, all of them `with_defaults`. Raises `InvalidInput` naming the input.
    """
    interface = entity.interface
    given = dict(values)
    if with_defaults or isinstance(entity, Task):
        given = {name: default for name, default in interface.defaults.items() if default is not REQUIRED} | given
    refuse_found(given, f"{interface.kind} `{interface.name}`")
    literals: dict[str, literals_pb2.Literal] = {}
    for name, value in given.items():
        transformer, _ = input_form(interface, name)
        try:
            literals[name] = transformer.to_literal(value, store)
        except TypeMismatch as error:
            raise InvalidInput(
                "WrongValue", f"input `{name}` of {interface.kind} `{interface.name}`: {error}"
            ) from error
        except OSError as error:
            raise InvalidInput("FileUnreadable", f"input `{name}` can't be read: {error}") from error
    return literals


def variable_literals(
    what: str, variables: Mapping[str, interface_pb2.Variable], values: Mapping[str, object], store: Store
) -> dict[str, literals_pb2.Literal]:
    """Literals of values by a registered interface; `what` it is of is for messages. Raises `InvalidInput`."""
    literals: dict[str, literals_pb2.Literal] = {}
    for name, value in values.items():
        if name not in variables:
            known = ", ".join(sorted(variables)) or "none"
            raise InvalidInput("UnknownInput", f"{what} has no input `{name}`", fix=f"its inputs are: {known}")
        try:
            literals[name] = literal_of(value, variables[name].type, store)
        except TypeMismatch as error:
            raise InvalidInput("WrongValue", f"input `{name}` of {what}: {error}") from error
        except InvalidInput as error:
            raise InvalidInput(error.code, f"input `{name}` of {what}: {error.message}", fix=error.fix) from error
    return literals
