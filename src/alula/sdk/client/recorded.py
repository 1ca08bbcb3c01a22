"""Notes on what is registered: declarations that the platform does not act on, and values that are pickled."""

from __future__ import annotations

from collections.abc import Iterator

from alula.core.policy.parameters import artifact_behind
from alula.sdk.serialize import Serialized


def notes(serialized: Serialized) -> str:
    """All there is to say to who registers it, in one text; empty if there is nothing."""
    return "; ".join(filter(None, (recorded_only(serialized), pickled(serialized))))


def pickled(serialized: Serialized) -> str:
    """A sentence on what `pickle_untyped` has pickled; empty if there is nothing."""
    found = [each for each in serialized.pickles if each.by_setting]
    if not found:
        return ""
    named = (", ".join(f"`{part.where}`" for part in (*each.inputs, *each.outputs)) for each in found)
    told = ", ".join(f"{each.entity} ({each.at}) {names}" for each, names in zip(found, named, strict=True))
    return f"values are pickled, so that other versions of their classes can't read them: of {told}"


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
