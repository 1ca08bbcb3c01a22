"""`LaunchPlan`: a workflow with inputs preset or fixed and, if wanted, a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from alula.core.errors import InvalidInput
from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.interface import DerivedInterface, refuse_positional
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.settings import check_by_name, check_counts, check_flags, check_labels, check_texts
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.mistake import Location, caller, mistake

if TYPE_CHECKING:
    from datetime import timedelta


class CronSchedule(NamedTuple):
    """Start at the times that a cron expression names (UTC unless the expression begins with `CRON_TZ=`)."""

    schedule: str
    kickoff_time_input_arg: str | None = None
    """The input that gets the planned time."""
    offset: str | None = None
    """The delay of the run after that time, as an ISO 8601 duration such as `PT30M`."""


class FixedRate(NamedTuple):
    """Start again after a fixed time: a whole number of minutes."""

    duration: timedelta
    kickoff_time_input_arg: str | None = None

    @property
    def rate(self) -> tuple[int, str]:
        """Value and unit (MINUTE, HOUR or DAY) in the largest unit that fits."""
        minutes = int(self.duration.total_seconds()) // 60
        if minutes % 1440 == 0:
            return minutes // 1440, "DAY"
        return (minutes // 60, "HOUR") if minutes % 60 == 0 else (minutes, "MINUTE")


Schedule = CronSchedule | FixedRate
AnyWorkflow: TypeAlias = Workflow[..., Any] | Reference[..., Any]  # Any: a launch plan is of a workflow with any result


class LaunchPlan:
    """A named way to start a workflow. Make one with `create` or `get_or_create`.

    ```python
    nightly = LaunchPlan.create("nightly", pipeline, default_inputs={"depth": 5}, schedule=CronSchedule("0 3 * * *"))
    ```
    """

    def __init__(
        self,
        name: str,
        workflow: AnyWorkflow,
        *,
        default_inputs: Mapping[str, object] | None = None,
        fixed_inputs: Mapping[str, object] | None = None,
        schedule: Schedule | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        max_parallelism: int | None = None,
        auto_activate: bool = False,
        overwrite_cache: bool | None = None,
        at: Location,
    ) -> None:
        check_texts(at=at, name=name)
        check_by_name(at=at, default_inputs=default_inputs, fixed_inputs=fixed_inputs)
        check_labels(at=at, labels=labels, annotations=annotations)
        check_counts(at=at, max_parallelism=max_parallelism)
        check_flags(at=at, auto_activate=auto_activate, overwrite_cache=overwrite_cache)
        self.name = name
        self.workflow = workflow
        self.default_inputs = dict(default_inputs or {})
        self.fixed_inputs = dict(fixed_inputs or {})
        self.schedule = schedule
        self.labels = dict(labels or {})
        self.annotations = dict(annotations or {})
        self.max_parallelism = max_parallelism
        self.auto_activate = auto_activate
        self.overwrite_cache = overwrite_cache
        self.location = at
        self._check()

    @classmethod
    def create(
        cls,
        name: str,
        workflow: AnyWorkflow,
        *,
        default_inputs: Mapping[str, object] | None = None,
        fixed_inputs: Mapping[str, object] | None = None,
        schedule: Schedule | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        max_parallelism: int | None = None,
        auto_activate: bool = False,
        overwrite_cache: bool | None = None,
    ) -> LaunchPlan:
        """A launch plan of `workflow`.

        Args:
            name: its name on the platform.
            workflow: what it starts; a reference to a workflow, too.
            default_inputs: values for inputs that are not given at the start.
            fixed_inputs: values that can't be given at the start.
            schedule: when the platform starts it by itself, once it is active.
            labels: labels of its executions.
            annotations: annotations of its executions.
            max_parallelism: attempts of one execution that may run at once.
            auto_activate: activate this version when it is registered.
            overwrite_cache: run cached tasks all the same and write the cache anew.

        Raises `InvalidInput` for inputs that the workflow does not have.
        """
        made = cls(
            name,
            workflow,
            default_inputs=default_inputs,
            fixed_inputs=fixed_inputs,
            schedule=schedule,
            labels=labels,
            annotations=annotations,
            max_parallelism=max_parallelism,
            auto_activate=auto_activate,
            overwrite_cache=overwrite_cache,
            at=caller(),
        )
        workflow.launch_plans.setdefault(name, made)
        return made

    @classmethod
    def get_or_create(
        cls,
        workflow: AnyWorkflow,
        name: str | None = None,
        *,
        default_inputs: Mapping[str, object] | None = None,
        fixed_inputs: Mapping[str, object] | None = None,
        schedule: Schedule | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        max_parallelism: int | None = None,
        auto_activate: bool = False,
        overwrite_cache: bool | None = None,
    ) -> LaunchPlan:
        """The launch plan of this name, made where the workflow has none; without a name the workflow's default launch
        plan, which has the workflow's name.

        Raises `InvalidInput` if there is one with other settings.
        """
        made = cls(
            name or workflow.name,
            workflow,
            default_inputs=default_inputs,
            fixed_inputs=fixed_inputs,
            schedule=schedule,
            labels=labels,
            annotations=annotations,
            max_parallelism=max_parallelism,
            auto_activate=auto_activate,
            overwrite_cache=overwrite_cache,
            at=caller(),
        )
        known = cast("LaunchPlan", workflow.launch_plans.setdefault(made.name, made))
        if not known.equals(made):
            raise mistake(
                "DuplicateName",
                f"launch plan `{made.name}` of workflow `{workflow.interface.name}` is there with other settings",
                at=made.location,
                fix=f"the other is at {known.location}; give one of them another name",
            )
        return known

    def equals(self, other: LaunchPlan) -> bool:
        """True if both start the same workflow with the same settings."""
        settings = [
            {name: value for name, value in vars(plan).items() if name not in ("location", "_interface")}
            for plan in (self, other)
        ]
        return settings[0] == settings[1]

    def _check(self) -> None:
        if not isinstance(cast("object", self.workflow), Workflow | Reference):
            raise mistake(
                "NotAWorkflow",
                f"launch plan `{self.name}` is of {self.workflow!r}, which is no workflow",
                at=self.location,
                fix="put a task into a workflow",
            )
        if isinstance(self.workflow, Reference) and self.workflow.kind != "workflow":
            raise mistake(
                "NotAWorkflow",
                f"launch plan `{self.name}` is of {self.workflow!r}, which is no workflow",
                at=self.location,
                fix="refer to the workflow with `@reference_workflow`",
            )
        _check_schedule(self.schedule, at=self.location)
        if isinstance(self.schedule, FixedRate):
            seconds = self.schedule.duration.total_seconds()
            if seconds < 60 or seconds % 60:
                raise mistake(
                    "InvalidSchedule",
                    f"launch plan `{self.name}`: a fixed rate of {self.schedule.duration} is not whole minutes",
                    at=self.location,
                )
        names = self.workflow.interface.defaults
        for name in (*self.default_inputs, *self.fixed_inputs):
            if name not in names:
                listing = ", ".join(f"`{each}`" for each in names) or "none"
                raise mistake(
                    "UnknownArgument",
                    f"launch plan `{self.name}`: workflow `{self.workflow.interface.name}` has no input `{name}`",
                    at=self.location,
                    fix=f"its inputs are {listing}",
                )
        both = [name for name in self.default_inputs if name in self.fixed_inputs]
        if both:
            raise mistake(
                "RepeatedArgument",
                f"launch plan `{self.name}` has `{both[0]}` both as default and as fixed input",
                at=self.location,
            )
        kickoff = self.schedule.kickoff_time_input_arg if self.schedule else None
        if kickoff is not None and kickoff not in names:
            raise mistake(
                "UnknownArgument",
                f"launch plan `{self.name}`: workflow `{self.workflow.interface.name}` has no input `{kickoff}` "
                "for the planned time",
                at=self.location,
            )

    @property
    def interface(self) -> DerivedInterface:
        """The workflow's interface without the fixed inputs."""
        return self._interface

    @cached_property
    def _interface(self) -> DerivedInterface:
        inner = self.workflow.interface
        is_default = self.name == self.workflow.name
        return DerivedInterface(
            kind="workflow" if is_default else "launch plan",
            name=inner.name if is_default else self.name,
            location=self.location,
            defaults={
                name: self.default_inputs.get(name, default)
                for name, default in inner.defaults.items()
                if name not in self.fixed_inputs
            },
            inputs={name: type_ for name, type_ in inner.inputs.items() if name not in self.fixed_inputs},
            outputs=inner.outputs,
            output_tuple=inner.output_tuple,
            source=inner,
        )

    def __call__(self, *args: object, **kwargs: object) -> Any:  # Any: of the workflow's type, not known here
        at = caller()
        refuse_positional(args, self.interface, at=at)
        graph = open_graph()
        values = self.interface.bind((), kwargs, at=at)
        if graph is not None:
            from alula.sdk.authoring.binding import check_inputs  # lazy: protobuf is for compiling

            check_inputs(self.interface, values, at=at)
            return graph.add(self, values, at=at)
        return cast("Any", self.workflow)(**self.fixed_inputs, **values)

    def __repr__(self) -> str:
        return f"<launch plan {self.name}>"


def _check_schedule(schedule: object, *, at: Location) -> None:
    """Raise `InvalidInput` if it is no schedule."""
    if isinstance(schedule, CronSchedule):
        check_texts(at=at, schedule=schedule.schedule, offset=schedule.offset)
        _check_cron(schedule, at=at)
    elif isinstance(schedule, FixedRate):
        if not hasattr(schedule.duration, "total_seconds"):
            raise mistake("InvalidSchedule", f"`duration` is {schedule.duration!r}, expected a `timedelta`", at=at)
    elif schedule is not None:
        raise mistake("InvalidSchedule", f"`schedule` is {schedule!r}, expected `CronSchedule` or `FixedRate`", at=at)


def _check_cron(schedule: CronSchedule, *, at: Location) -> None:
    from alula.core.policy.cron import read_cron  # lazy: most projects have no schedule
    from alula.core.policy.schedule import offset_us

    try:
        read_cron(schedule.schedule)
        offset_us(schedule.offset or "")
    except InvalidInput as error:
        raise mistake(error.code, error.message, at=at, fix=error.fix) from None
