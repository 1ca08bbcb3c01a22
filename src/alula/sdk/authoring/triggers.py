"""Triggers of a launch plan: what starts it beside people and the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from alula.sdk.authoring.notifications import ENDS, WorkflowExecutionPhase
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.settings import check_flags, check_labels, check_texts
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.mistake import Location, mistake

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

    from alula.core.policy.triggering import RunTrigger, WebhookTrigger
    from alula.core.policy.watching import ObjectTrigger


class OnRunEnd(NamedTuple):
    """Start when a run of a workflow or launch plan has ended, of whichever version.

    ```python
    report = LaunchPlan.create(
        "report", publish, trigger=OnRunEnd(pipeline, inputs={"table": "outputs.o0", "source": "run.id"})
    )
    ```
    """

    of: object
    """A workflow or a launch plan, or a reference to one."""
    phases: Sequence[int] = (WorkflowExecutionPhase.SUCCEEDED,)
    """The phases in which it has ended, of `WorkflowExecutionPhase`."""
    inputs: Mapping[str, str] = {}
    """The source of each input: `outputs.NAME` is an output of the run that has ended, `run.id`, `run.name` and
    `run.phase` are texts about it."""

    def to_flyte_idl(self) -> Struct:
        """The declaration as it stands in `launch_conditions` of a launch plan."""
        return _on_the_wire(self.declared())

    def declared(self) -> RunTrigger:
        """The declaration as the platform reads it."""
        from alula.core.policy.triggering import RunTrigger  # lazy: most projects have no trigger

        of: Any = self.of  # `Any`: one of those that have a name, which `checked_trigger` sees to
        is_reference = isinstance(of, Reference)
        is_workflow = isinstance(of, Workflow) or (is_reference and of.kind == "workflow")
        phases: Any = tuple(WorkflowExecutionPhase(phase).name for phase in self.phases)
        return RunTrigger(
            workflow=of.name if is_workflow else "",
            launch_plan="" if is_workflow else of.name,
            project=of.project if is_reference else "",
            domain=of.domain if is_reference else "",
            phases=phases,
            inputs=dict(self.inputs),
        )


class OnWebhook(NamedTuple):
    """Start when a signed message arrives at `POST /api/v1/alula/webhooks/PROJECT/DOMAIN/NAME` of the platform.

    ```python
    pulled = LaunchPlan.create("pulled", build, trigger=OnWebhook("github", inputs={"commit": "body.head.sha"}))
    ```
    """

    secret: str
    """The name of the keys with which it may be signed, in the settings of the platform."""
    inputs: Mapping[str, str] = {}
    """The source of each input: `body` is the body in JSON, `body.NAME` a part of it, `delivery.id` the id of the
    message. An input whose part is missing gets its default."""

    def to_flyte_idl(self) -> Struct:
        """As of `OnRunEnd`."""
        return _on_the_wire(self.declared())

    def declared(self) -> WebhookTrigger:
        """The declaration as the platform reads it."""
        from alula.core.policy.triggering import WebhookTrigger  # lazy: most projects have no trigger

        return WebhookTrigger(secret=self.secret, inputs=dict(self.inputs))


class OnObject(NamedTuple):
    """Start when an object appears under a prefix.

    ```python
    loaded = LaunchPlan.create(
        "loaded", load, trigger=OnObject("s3://drops/orders/", pattern="*.csv", inputs={"file": "object.uri"})
    )
    ```
    """

    prefix: str
    """A URI of a bucket that the settings of the platform let be watched. Without a scheme, a folder among what is
    uploaded to the project and domain of the launch plan."""
    pattern: str = "*"
    """The names that count, as of a shell: with a slash the path below the prefix, else its last part."""
    inputs: Mapping[str, str] = {}
    """The source of each input: `object.uri` for a text or a file, `object.name` for a text."""
    existing: bool = False
    """Start runs for objects that were there before the activation, too."""

    def to_flyte_idl(self) -> Struct:
        """As of `OnRunEnd`."""
        return _on_the_wire(self.declared())

    def declared(self) -> ObjectTrigger:
        """The declaration as the platform reads it."""
        from alula.core.policy.watching import ObjectTrigger  # lazy: most projects have no trigger

        return ObjectTrigger(self.prefix, self.pattern, self.existing, dict(self.inputs))


Trigger: TypeAlias = OnRunEnd | OnWebhook | OnObject


def _on_the_wire(declared: RunTrigger | WebhookTrigger | ObjectTrigger) -> Struct:
    import msgspec  # lazy: declaring imports neither

    from alula.core.literals.structs import struct_of

    return struct_of(msgspec.to_builtins(declared))


def checked_trigger(trigger: object, names: Mapping[str, object], *, at: Location) -> Trigger | None:
    """The value of `trigger`, of a launch plan that can be given these inputs. Raises `InvalidInput` for one that could
    start nothing."""
    if trigger is None:
        return None
    if not isinstance(trigger, OnRunEnd | OnWebhook | OnObject):
        expected = "`OnRunEnd`, `OnWebhook` or `OnObject`"
        raise mistake("InvalidTrigger", f"`trigger` is {trigger!r}, expected {expected}", at=at)
    if not isinstance(cast("object", trigger.inputs), Mapping):
        raise mistake("InvalidTrigger", f"`inputs` is {trigger.inputs!r}, expected a dict", at=at)
    check_labels(at=at, inputs=trigger.inputs)
    if isinstance(trigger, OnRunEnd):
        _check_runs(trigger, at=at)
    elif isinstance(trigger, OnWebhook):
        check_texts(at=at, secret=trigger.secret)
    else:
        check_texts(at=at, prefix=trigger.prefix, pattern=trigger.pattern)
        check_flags(at=at, existing=trigger.existing)
    if problem := trigger.declared().problem():
        raise mistake("InvalidTrigger", f"the trigger can't be: {problem}", at=at)
    for name in trigger.inputs:
        if name not in names:
            listing = ", ".join(f"`{each}`" for each in names) or "none"
            raise mistake(
                "UnknownArgument",
                f"the trigger gives `{name}`, which the launch plan can't be given",
                at=at,
                fix=f"its free inputs are {listing}",
            )
    return trigger


def _check_runs(trigger: OnRunEnd, *, at: Location) -> None:
    if not _is_run(trigger.of):
        raise mistake(
            "InvalidTrigger",
            f"`OnRunEnd` is of {trigger.of!r}, expected a workflow, a launch plan or a reference to one",
            at=at,
        )
    phases: object = trigger.phases
    if not isinstance(phases, list | tuple) or any(phase not in ENDS for phase in trigger.phases):
        raise mistake(
            "InvalidTrigger",
            f"`OnRunEnd` is of phases {phases!r}, expected a list of phases in which a run has ended",
            at=at,
            fix="take from " + ", ".join(f"`WorkflowExecutionPhase.{phase.name}`" for phase in ENDS),
        )


def _is_run(of: object) -> bool:
    """True for a thing that has runs which can be waited for."""
    if isinstance(of, Reference):
        return of.kind != "task"
    return isinstance(of, Workflow) or isinstance(getattr(of, "workflow", None), Workflow | Reference)
