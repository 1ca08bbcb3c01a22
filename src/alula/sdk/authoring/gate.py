"""Gates: steps that wait for a person or for time to pass. They run no code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar, cast

from alula.sdk.authoring.graph import Graph, open_graph
from alula.sdk.authoring.interface import StepInterface
from alula.sdk.authoring.overrides import timeout_seconds
from alula.sdk.authoring.promise import Done, Promise, reference_of
from alula.sdk.mistake import Location, caller, mistake

if TYPE_CHECKING:
    from datetime import timedelta

T = TypeVar("T")
_SLEEP_TIMEOUT_S = 3600.0  # flytekit writes it at every sleep; a platform that knows sleeps ends them by their duration


class Gate:
    """The approval, input or time that the node of a gate waits for."""

    __slots__ = ("duration_s", "interface", "kind", "name", "timeout_s")

    def __init__(
        self,
        kind: Literal["approve", "input", "sleep"],
        name: str,
        interface: StepInterface,
        *,
        timeout_s: float,
        duration_s: float = 0.0,
    ) -> None:
        self.kind = kind
        self.name = name
        """Of an approval or input, the name of the signal that answers it."""
        self.interface = interface
        self.timeout_s = timeout_s
        self.duration_s = duration_s
        """Of a sleep, how long."""


def approve(upstream_item: T, name: str, timeout: timedelta) -> T:
    """Pass a value on when a person has approved it; fail when it is rejected, or not answered in time.

    ```python
    train(data=approve(cleaned, "looks good", timeout=timedelta(hours=8)))
    ```

    On a platform `alula approve RUN NAME` and `alula reject RUN NAME` answer; a local run asks on the terminal.

    Args:
        upstream_item: one output of a step, or an input of the workflow.
        name: how the answer names it, unique in the run.
        timeout: how long to wait.

    Raises `InvalidInput` outside a workflow, and for a value that is no promise.
    """
    at = caller()
    graph = _graph("approve", at)
    if not isinstance(upstream_item, Promise):
        raise mistake(
            "WrongValue",
            f"approve `{name}` got {upstream_item!r}, expected one output of a step or an input of the workflow",
            at=at,
        )
    reference = reference_of(upstream_item)
    types = {reference.var: reference.type}
    interface = StepInterface("approval", _name(name, at), at, types, types)
    gate = Gate("approve", name, interface, timeout_s=timeout_seconds(timeout, at=at))
    return cast("T", graph.add(gate, {reference.var: upstream_item}, at=at))


def wait_for_input(name: str, timeout: timedelta, expected_type: type[T]) -> T:
    """Wait until a person gives a value; fail when nobody does in time.

    ```python
    depth = wait_for_input("depth", timeout=timedelta(hours=1), expected_type=int)
    ```

    On a platform `alula signal set RUN NAME VALUE` gives it; a local run asks on the terminal.

    Args:
        name: how the answer names it, unique in the run.
        timeout: how long to wait.
        expected_type: of the value.

    Raises `InvalidInput` outside a workflow, and for a type that has no form on the wire.
    """
    at = caller()
    graph = _graph("wait_for_input", at)
    interface = StepInterface("input", _name(name, at), at, {}, {"o0": expected_type})
    from alula.sdk.authoring.binding import check_types  # lazy: protobuf is for compiling

    check_types(interface)
    gate = Gate("input", name, interface, timeout_s=timeout_seconds(timeout, at=at))
    return cast("T", graph.add(gate, {}, at=at))


def sleep(duration: timedelta) -> Done:
    """A step that ends after a time. Order it with `>>`: `fetch(...) >> sleep(timedelta(minutes=1)) >> check(...)`.

    Raises `InvalidInput` outside a workflow.
    """
    at = caller()
    graph = _graph("sleep", at)
    interface = StepInterface("sleep", "sleep-gate", at, {}, {})
    seconds = timeout_seconds(duration, at=at, name="duration")
    gate = Gate("sleep", "sleep-gate", interface, timeout_s=_SLEEP_TIMEOUT_S, duration_s=seconds)
    return cast("Done", graph.add(gate, {}, at=at))


def _graph(what: str, at: Location) -> Graph:
    graph = open_graph()
    if graph is None:
        raise mistake(
            "OutsideWorkflow",
            f"`{what}` stands outside the body of a workflow or `dynamic`",
            at=at,
            fix="a gate is a step: call it where tasks are called",
        )
    return graph


def _name(name: object, at: Location) -> str:
    if not isinstance(name, str) or not name:
        raise mistake("InvalidNodeName", f"the name of a gate is {name!r}, expected a text", at=at)
    return name
