"""Declarations that a registration keeps and the platform does not act on."""

from __future__ import annotations

from collections.abc import Iterator

from alula.core.policy.parameters import artifact_behind
from alula.sdk.serialize import Serialized


def recorded_only(serialized: Serialized) -> str:
    """A sentence on what is recorded and nothing else; empty if there is no such thing."""
    artifacts = sorted(set(_artifacts(serialized)))
    if not artifacts:
        return ""
    names = ", ".join(f"`{name}`" for name in artifacts)
    return (
        f"the platform keeps no artifacts: {names} are recorded with the outputs, and no query finds them; give a value"
        " for each input that has one as its default, or start runs by `OnRunEnd`"
    )


def _artifacts(serialized: Serialized) -> Iterator[str]:
    templates = [
        *(spec.template for spec in serialized.tasks.values()),
        *(spec.template for spec in serialized.workflows.values()),
    ]
    for template in templates:
        for variable in template.interface.outputs.variables.values():
            if variable.HasField("artifact_partial_id"):
                yield variable.artifact_partial_id.artifact_key.name
    for plan in serialized.launch_plans.values():
        yield from filter(None, map(artifact_behind, plan.default_inputs.parameters.values()))
