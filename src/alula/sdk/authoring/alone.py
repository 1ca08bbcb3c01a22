"""A map task by itself: the workflow of one step that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.interface import REQUIRED, DerivedInterface
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.naming import attribute_of
from alula.sdk.authoring.workflow import Workflow, WorkflowSettings

R_co = TypeVar("R_co", covariant=True)


def alone(array: MapTask[R_co], *, module: str, name: str) -> Workflow[..., list[R_co]]:
    """A workflow of `array` alone, named after the variable that holds it. Its inputs are those that are not bound."""
    inputs = {each: type_ for each, type_ in array.interface.inputs.items() if each not in array.bound}
    return _of_one_step(array, inputs, module=module, name=name)


def alone_by_its_settings(array: MapTask[R_co]) -> Workflow[..., list[R_co]]:
    """A workflow of `array` alone, named after what it maps and how, for one that no variable holds.

    What is bound is an input, too, so that the name does not depend on values.
    """
    import hashlib  # lazy: only for maps in eager tasks

    limits = array.concurrency, array.min_successes, array.min_success_ratio, array.run_all_sub_nodes, array.metadata
    said = repr((array.target.name, sorted(array.bound), *limits))
    digest = hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
    name = f"map_{array.interface.name}_{digest}"
    return _of_one_step(array, array.interface.inputs, module=array.module, name=name)


def _of_one_step(
    array: MapTask[R_co], inputs: Mapping[str, object], *, module: str, name: str
) -> Workflow[..., list[R_co]]:
    interface = DerivedInterface(
        kind="map task",
        name=name,
        location=array.location,
        defaults=dict.fromkeys(inputs, REQUIRED),
        inputs=dict(inputs),
        outputs=array.interface.outputs,
        output_tuple=None,
        source=array.interface.source,
    )

    def body(**values: object) -> list[R_co]:
        graph = open_graph()
        assert graph is not None, "only ever declared"
        return array.step(graph, values, at=array.location)

    body.__module__, body.__name__ = module, name
    return Workflow(body, WorkflowSettings(), interface)


def alone_by_its_variable(array: MapTask[R_co]) -> Workflow[..., list[R_co]]:
    """The same, named after its variable in the module that made it. Raises `InvalidInput` if it is in none."""
    kind = array.interface.kind
    name = attribute_of(array, module=array.module, name=array.interface.name, location=array.location, kind=kind)
    return alone(array, module=array.module, name=name)
