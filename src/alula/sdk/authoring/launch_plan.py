"""`LaunchPlan`: a workflow with inputs preset or fixed and, if wanted, a schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypedDict, Unpack, cast, get_args

from alula.core.errors import InvalidInput
from alula.sdk import calling
from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.authoring.flytekit_members import Entity
from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.interface import DerivedInterface, is_async, refuse_positional
from alula.sdk.authoring.notifications import Notification, checked_notifications
from alula.sdk.authoring.options import RawOutputDataConfig, raw_data_prefix
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.settings import check_by_name, check_counts, check_flags, check_labels, check_texts
from alula.sdk.authoring.triggers import Trigger, checked_trigger
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.mistake import Location, caller, mistake, refuse_unknown

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class ConcurrencyLimitBehavior(Enum):
    """What becomes of a run that a schedule is to start when as many are open as may be."""

    SKIP = "skip"
    """It is not started."""
    QUEUE = "queue"
    """It starts when one of them has ended."""
    REPLACE = "replace"
    """The oldest of them is aborted, and then it starts."""

    @classmethod
    def enum_to_string(cls, value: ConcurrencyLimitBehavior) -> str:
        """The name of one."""
        return value.name


class ConcurrencyPolicy(NamedTuple):
    """The most runs of a launch plan, of all its versions, that may be open at once."""

    max_concurrency: int
    behavior: ConcurrencyLimitBehavior = ConcurrencyLimitBehavior.SKIP


class CronSchedule(NamedTuple):
    """Start at the times that a cron expression names (in the time zone of `CRON_TZ=` at its beginning, else in that of
    the domain, else UTC)."""

    schedule: str = ""
    kickoff_time_input_arg: str | None = None
    """The input that gets the planned time."""
    offset: str | None = None
    """The delay of the run after that time, as an ISO 8601 duration such as `PT30M`."""
    cron_expression: str | None = None
    """An expression of six fields, as AWS has it, in place of `schedule`."""
    jitter: timedelta | None = None
    """The most by which each run is delayed, so that plans of one time do not start at once."""
    starts: datetime | None = None
    """No run is about a time before."""
    ends: datetime | None = None
    """No run is about a time after."""
    catch_up: CatchUp = "all"
    """Which of the times that were missed are made up for: `all`, `last` or `none`."""


class FixedRate(NamedTuple):
    """Start again after a fixed time: a whole number of minutes, counted from `starts`, or else the activation."""

    duration: timedelta
    kickoff_time_input_arg: str | None = None
    jitter: timedelta | None = None
    """As of `CronSchedule`, and so are the others."""
    starts: datetime | None = None
    ends: datetime | None = None
    catch_up: CatchUp = "all"

    @property
    def rate(self) -> tuple[int, str]:
        """Value and unit (MINUTE, HOUR or DAY) in the largest unit that fits."""
        minutes = int(self.duration.total_seconds()) // 60
        if minutes % 1440 == 0:
            return minutes // 1440, "DAY"
        return (minutes // 60, "HOUR") if minutes % 60 == 0 else (minutes, "MINUTE")


_TIMES = dict.fromkeys(("cron_schedule", "schedule_expression"), "take its fields, which say when it is")
for _each in (CronSchedule, FixedRate, ConcurrencyPolicy):
    lacks_keywords(_each, {})
lacks_members(CronSchedule, {**_TIMES, "rate": "take `schedule` or `cron_expression`"})
lacks_members(FixedRate, {**_TIMES, "cron_expression": "take `duration`"})
CatchUp: TypeAlias = Literal["all", "last", "none"]
Schedule = CronSchedule | FixedRate
AnyWorkflow: TypeAlias = Workflow[..., Any] | Reference[..., Any]  # Any: a launch plan is of a workflow with any result


class LaunchPlanOptions(TypedDict, total=False):
    """Settings of a launch plan."""

    default_inputs: Mapping[str, object] | None
    fixed_inputs: Mapping[str, object] | None
    schedule: Schedule | None
    labels: Mapping[str, str] | None
    annotations: Mapping[str, str] | None
    max_parallelism: int | None
    auto_activate: bool
    overwrite_cache: bool | None
    concurrency: ConcurrencyPolicy | None
    notifications: Sequence[Notification] | None
    raw_output_data_config: RawOutputDataConfig | None
    trigger: Trigger | None


class LaunchPlan(Entity):
    """A named way to start a workflow. Make one with `create` or `get_or_create`.

    ```python
    nightly = LaunchPlan.create("nightly", pipeline, default_inputs={"depth": 5}, schedule=CronSchedule("0 3 * * *"))
    ```
    """

    def __init__(self, name: str, workflow: AnyWorkflow, *, at: Location, **options: Unpack[LaunchPlanOptions]) -> None:
        _refuse_unknown(options, at=at)
        self._options: LaunchPlanOptions = {**options}
        given = options.get
        check_texts(at=at, name=name)
        check_by_name(at=at, default_inputs=given("default_inputs"), fixed_inputs=given("fixed_inputs"))
        check_labels(at=at, labels=given("labels"), annotations=given("annotations"))
        check_counts(at=at, max_parallelism=given("max_parallelism"))
        check_flags(at=at, auto_activate=given("auto_activate"), overwrite_cache=given("overwrite_cache"))
        self.name = name
        self.workflow = workflow
        self.default_inputs = dict(given("default_inputs") or {})
        self.fixed_inputs = dict(given("fixed_inputs") or {})
        self.schedule = given("schedule")
        self.labels = dict(given("labels") or {})
        self.annotations = dict(given("annotations") or {})
        self.max_parallelism = given("max_parallelism")
        self.auto_activate = bool(given("auto_activate"))
        self.overwrite_cache = given("overwrite_cache")
        self.concurrency = given("concurrency")
        self.notifications = checked_notifications(given("notifications"), at=at)
        self.raw_data_prefix = raw_data_prefix(given("raw_output_data_config"), at=at)
        self.location = at
        self._check()
        self.trigger = checked_trigger(given("trigger"), self.interface.inputs, at=at)

    @classmethod
    def create(cls, name: str, workflow: AnyWorkflow, **options: Unpack[LaunchPlanOptions]) -> LaunchPlan:
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
            concurrency: how many of its executions may be open at once.
            notifications: messages to people when an execution has ended.
            raw_output_data_config: where files of outputs are stored.
            trigger: what starts it beside people and the clock, once it is active.

        Raises `InvalidInput` for inputs that the workflow does not have.
        """
        made = cls(name, workflow, at=caller(), **options)
        workflow.launch_plans.setdefault(name, made)
        return made

    @classmethod
    def get_default_launch_plan(cls, ctx: object, workflow: AnyWorkflow) -> LaunchPlan:
        """The launch plan of the workflow's own name. `ctx` is flytekit's, and may be None."""
        return cast("LaunchPlan", workflow.launch_plans.get(workflow.name)) or default_launch_plan(workflow)

    @classmethod
    def get_or_create(
        cls, workflow: AnyWorkflow, name: str | None = None, **options: Unpack[LaunchPlanOptions]
    ) -> LaunchPlan:
        """The launch plan of this name, made where the workflow has none; without a name the workflow's default launch
        plan, which has the workflow's name. Settings are those of `create`.

        Raises `InvalidInput` if there is one with other settings.
        """
        if name is None and not options:
            made = default_launch_plan(workflow)
        else:
            made = cls(name or workflow.name, workflow, at=caller(), **options)
        known = cast("LaunchPlan", workflow.launch_plans.setdefault(made.name, made))
        if not known.equals(made):
            raise mistake(
                "DuplicateName",
                f"launch plan `{made.name}` of workflow `{workflow.interface.name}` is there with other settings",
                at=made.location,
                fix=f"the other is at {known.location}; give one of them another name",
            )
        return known

    def clone_with(self, name: str, **options: Unpack[LaunchPlanOptions]) -> LaunchPlan:
        """Another launch plan of the same workflow, with these settings and for the rest those of this one, but for
        `auto_activate` and `trigger`, which each launch plan has for itself."""
        kept = {key: value for key, value in self._options.items() if key not in ("auto_activate", "trigger")}
        given = {key: value for key, value in options.items() if value is not None}
        return LaunchPlan.create(name, self.workflow, **cast("LaunchPlanOptions", {**kept, **given}))

    def equals(self, other: LaunchPlan) -> bool:
        """True if both start the same workflow with the same settings."""
        settings = [
            {name: value for name, value in vars(plan).items() if name not in _NO_SETTINGS} for plan in (self, other)
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
        _check_concurrency(self.concurrency, at=self.location)
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
        if calling.in_eager_task():
            return calling.run(self, values, is_async=is_async(self.workflow.function))
        return cast("Any", self.workflow)(**self.fixed_inputs, **values)

    async def aio(self, *args: object, **kwargs: object) -> Any:  # Any: as above
        """The call in a form to be awaited, for eager tasks."""
        return await calling.awaited(self, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<launch plan {self.name}>"


_NO_SETTINGS = ("location", "_interface", "_options")
lacks_members(
    LaunchPlan,
    {
        **dict.fromkeys(("parameters", "saved_inputs"), "take `default_inputs` and `fixed_inputs`"),
        "raw_fixed_inputs": "take `fixed_inputs`",
        "raw_output_data_config": "take `raw_data_prefix`",
        "should_auto_activate": "take `auto_activate`",
        "security_context": "runs have the rights of the principal that launches them",
        "CACHE": "`launch_plans` of a workflow has those that were made of it",
    },
)


def default_launch_plan(workflow: AnyWorkflow) -> LaunchPlan:
    """A launch plan of the workflow's own name, with the workflow's `default_options`."""
    options = workflow.settings.default_options._asdict() if isinstance(workflow, Workflow) else {}
    given = cast("LaunchPlanOptions", {name: value for name, value in options.items() if value is not None})
    return LaunchPlan(workflow.name, workflow, at=workflow.location, **given)


def _refuse_unknown(options: Mapping[str, object], *, at: Location) -> None:
    """Raise `InvalidInput` for settings that a launch plan does not have. flytekit's are good as long as they are
    None."""
    known = LaunchPlanOptions.__annotations__
    unknown = {
        name: value for name, value in options.items() if name not in known and not (value is None and name in REPLACED)
    }
    refuse_unknown(unknown, "a launch plan", known, replaced=REPLACED, at=at)


REPLACED = {
    "security_context": "runs have the rights of the principal that launches them",
    "auth_role": "runs have the rights of the principal that launches them",
    "parameters": "write `default_inputs`",
}
"""Settings of flytekit that do not exist here, and what to do instead."""


def _check_schedule(schedule: object, *, at: Location) -> None:
    """Raise `InvalidInput` if it is no schedule."""
    if isinstance(schedule, CronSchedule):
        check_texts(at=at, schedule=schedule.schedule, offset=schedule.offset, cron_expression=schedule.cron_expression)
        _check_cron(schedule, at=at)
    elif isinstance(schedule, FixedRate):
        if not hasattr(schedule.duration, "total_seconds"):
            raise mistake("InvalidSchedule", f"`duration` is {schedule.duration!r}, expected a `timedelta`", at=at)
    elif schedule is not None:
        raise mistake("InvalidSchedule", f"`schedule` is {schedule!r}, expected `CronSchedule` or `FixedRate`", at=at)
    if isinstance(schedule, CronSchedule | FixedRate):
        _check_rules(schedule, at=at)


def _check_cron(schedule: CronSchedule, *, at: Location) -> None:
    from alula.core.policy.cron import read_aws_cron, read_cron  # lazy: most projects have no schedule
    from alula.core.policy.schedule import duration_us

    if bool(schedule.schedule) == bool(schedule.cron_expression):
        raise mistake(
            "InvalidSchedule", "`CronSchedule` takes one of `schedule` and `cron_expression`", at=at, fix="give one"
        )
    if schedule.cron_expression and schedule.offset:
        raise mistake("InvalidSchedule", "`cron_expression` has no `offset`", at=at, fix="use `schedule`")
    try:
        if schedule.cron_expression:
            read_aws_cron(schedule.cron_expression)
        else:
            read_cron(schedule.schedule)
        duration_us(schedule.offset or "", "offset")
    except InvalidInput as error:
        raise mistake(error.code, error.message, at=at, fix=error.fix) from None


def _check_rules(schedule: CronSchedule | FixedRate, *, at: Location) -> None:
    jitter = schedule.jitter
    if jitter is not None and (not hasattr(jitter, "total_seconds") or jitter.total_seconds() < 0):
        raise mistake("InvalidSchedule", f"`jitter` is {jitter!r}, expected a `timedelta` from 0 on", at=at)
    for name, moment in (("starts", schedule.starts), ("ends", schedule.ends)):
        if moment is not None and getattr(moment, "tzinfo", None) is None:
            raise mistake(
                "InvalidSchedule",
                f"`{name}` is {moment!r}, expected a `datetime` with a time zone",
                at=at,
                fix="give it `tzinfo=timezone.utc`, or a `ZoneInfo`",
            )
    if schedule.catch_up not in get_args(CatchUp):
        choices = ", ".join(f"`{choice}`" for choice in get_args(CatchUp))
        raise mistake("InvalidSchedule", f"`catch_up` is {schedule.catch_up!r}, expected {choices}", at=at)


def _check_concurrency(concurrency: object, *, at: Location) -> None:
    if concurrency is None:
        return
    if not isinstance(concurrency, ConcurrencyPolicy):
        raise mistake("InvalidConcurrency", f"`concurrency` is {concurrency!r}, expected `ConcurrencyPolicy`", at=at)
    most: object = concurrency.max_concurrency
    if not isinstance(most, int) or most < 1:
        raise mistake("InvalidConcurrency", f"`max_concurrency` is {most!r}, expected a number from 1 on", at=at)
    if not isinstance(cast("object", concurrency.behavior), ConcurrencyLimitBehavior):
        raise mistake(
            "InvalidConcurrency", f"`behavior` is {concurrency.behavior!r}, expected `ConcurrencyLimitBehavior`", at=at
        )
