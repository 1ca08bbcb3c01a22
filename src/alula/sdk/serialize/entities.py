"""An entity and all that it needs, as specifications in the order in which to register them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, cast

from flyteidl.admin.common_pb2 import Notification as NotificationMessage
from flyteidl.admin.launch_plan_pb2 import CONCURRENCY_LIMIT_BEHAVIOR_SKIP, LaunchPlanMetadata, LaunchPlanSpec
from flyteidl.admin.schedule_pb2 import CronSchedule as CronMessage
from flyteidl.admin.schedule_pb2 import FixedRate as FixedRateMessage
from flyteidl.admin.schedule_pb2 import Schedule
from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec
from flyteidl.core.execution_pb2 import WorkflowExecution
from flyteidl.core.identifier_pb2 import Identifier, ResourceType
from flyteidl.core.literals_pb2 import Binding, LiteralMap
from flyteidl.core.workflow_pb2 import WorkflowMetadata, WorkflowMetadataDefaults, WorkflowTemplate

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, entity_id
from alula.core.policy.image_contents import key_of, text_of
from alula.core.policy.schedule_rules import AT_LIMIT, CATCH_UP, ENDS, JITTER, STARTS
from alula.sdk.authoring.binding import output_form
from alula.sdk.authoring.conditional import Branch
from alula.sdk.authoring.constants import NO_STORE, binding
from alula.sdk.authoring.gate import Gate
from alula.sdk.authoring.graph import Graph
from alula.sdk.authoring.image_spec import ImageSpec
from alula.sdk.authoring.interface import InterfaceView
from alula.sdk.authoring.launch_plan import ConcurrencyLimitBehavior, CronSchedule, LaunchPlan, default_launch_plan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.notifications import Email, Notification, PagerDuty, Slack
from alula.sdk.authoring.promise import Node
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow, WorkflowFailurePolicy
from alula.sdk.mistake import Location, mistake
from alula.sdk.serialize.images import image_contents
from alula.sdk.serialize.interfaces import description, literals, parameters, typed_interface
from alula.sdk.serialize.nodes import node_message
from alula.sdk.serialize.pickles import Pickles, is_strict, pickles_of, refuse_pickles
from alula.sdk.serialize.referenced import NOTHING_REGISTERED, AnyReference, Registered, identifier_of
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.serialize.tasks import map_task_spec, task_spec
from alula.sdk.store import Store

AnyTask = Task[..., object] | MapTask[object]
AnyEntity = AnyTask | Workflow[..., object] | LaunchPlan
_FAILURE_POLICIES = {
    WorkflowFailurePolicy.FAIL_IMMEDIATELY: WorkflowMetadata.FAIL_IMMEDIATELY,
    WorkflowFailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE: WorkflowMetadata.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE,
}
Spec = TaskSpec | WorkflowSpec | LaunchPlanSpec


@dataclass(frozen=True, slots=True)
class SerializedEntity:
    """One thing to register."""

    id: Identifier
    spec: Spec
    activate: bool = False
    """Of a launch plan: make this version the active one."""


class ImageOfStep(NamedTuple):
    """The image that a step gives to its task."""

    task: str
    spec: ImageSpec
    at: Location


@dataclass(frozen=True)
class Serialized:
    """Everything to register for an entity; what is needed comes before what needs it."""

    id: Identifier
    """The entity itself."""
    entities: tuple[SerializedEntity, ...]
    python_tasks: dict[str, AnyTask]
    """The objects of the tasks, by name: what a local run executes."""
    python_workflows: dict[str, Workflow[..., object]]
    """Those of the workflows."""
    references: tuple[AnyReference, ...] = ()
    """References in nodes and launch plans to entities that must be registered already."""
    registered: Registered = NOTHING_REGISTERED
    """The platform's entities behind these."""
    images_of_steps: tuple[ImageOfStep, ...] = ()
    """The images whose contents are told where a step is given them."""

    @cached_property
    def tasks(self) -> dict[str, TaskSpec]:
        """Task specifications by name."""
        return {each.id.name: each.spec for each in self.entities if isinstance(each.spec, TaskSpec)}

    @cached_property
    def workflows(self) -> dict[str, WorkflowSpec]:
        """Workflow specifications by name."""
        return {each.id.name: each.spec for each in self.entities if isinstance(each.spec, WorkflowSpec)}

    @cached_property
    def launch_plans(self) -> dict[str, LaunchPlanSpec]:
        """Launch plan specifications by name."""
        return {each.id.name: each.spec for each in self.entities if isinstance(each.spec, LaunchPlanSpec)}

    @property
    def pickles(self) -> list[Pickles]:
        """The tasks and workflows that have something pickled."""
        return [*self._pickles()]

    def _pickles(self) -> Iterator[Pickles]:
        for name, each in self.python_tasks.items():
            task = each.target if isinstance(each, MapTask) else each
            by_setting = isinstance(task, Task) and task.settings.pickle_untyped
            yield from pickles_of(each.interface, self.tasks[name].template.interface, by_setting=by_setting)
        for name, flow in self.python_workflows.items():
            by_setting = flow.settings.pickle_untyped
            yield from pickles_of(flow.interface, self.workflows[name].template.interface, by_setting=by_setting)


def serialize(
    *entities: AnyEntity, settings: SerializationSettings, registered: Registered = NOTHING_REGISTERED
) -> Serialized:
    """Specifications of entities and of all that they use; each workflow brings its default launch plan.

    A workflow that runs inside another is part of its specification; if it is a reference, it is taken from
    `registered` and left out if it is not there.

    The same code and settings give the same bytes. Raises `InvalidInput` for two entities of one name, a workflow
    that contains or starts itself, a task that can't be found by its name, and values or types that can't be written.
    """
    if not entities:
        raise mistake("NothingToSerialize", "there is no task, workflow or launch plan")
    collected = _Collected(settings, registered)
    for entity in entities:
        collected.add(entity)
    return _strictly(collected.serialized(entities[0]))


def serialize_dynamic(
    task: Task[..., object], graph: Graph, *, settings: SerializationSettings, store: Store
) -> tuple[DynamicJobSpec, Serialized]:
    """The graph that a dynamic task made, with all that its nodes need, and the same as entities.

    Files and data frames among the values go to `store`. Raises `InvalidInput` as `serialize` does.
    """
    collected = _Collected(settings, NOTHING_REGISTERED)
    collected.add_all(graph)
    job = DynamicJobSpec(
        nodes=[node_message(node, settings, store=store) for node in graph.nodes],
        min_successes=len(graph.nodes),
        outputs=_outputs(task.interface, graph, store=store),
        subworkflows=collected.templates_in(graph).values(),
    )
    serialized = _strictly(collected.serialized(task))
    job.tasks.extend(spec.template for spec in serialized.tasks.values())
    return job, serialized


def _strictly(serialized: Serialized) -> Serialized:
    """The same, in strict mode if nothing in it is pickled."""
    if is_strict():
        refuse_pickles(serialized.pickles)
    return serialized


class _Collected:
    def __init__(self, settings: SerializationSettings, registered: Registered) -> None:
        self._settings = settings
        self._registered = registered
        self._entities: list[SerializedEntity] = []
        self._python_tasks: dict[str, AnyTask] = {}
        self._references: dict[AnyReference, None] = {}
        self._known: dict[tuple[int, str], AnyEntity] = {}
        self._images: list[ImageOfStep] = []
        self._open: list[Workflow[..., object]] = []
        self._templates: dict[str, dict[EntityId, WorkflowTemplate]] = {}
        """Of each workflow those that it contains, inner ones first, and itself."""

    def serialized(self, entity: AnyEntity) -> Serialized:
        """All that was added, for this entity."""
        templates = {each.id.name: each.spec.template for each in self._entities if isinstance(each.spec, TaskSpec)}
        for image in self._images:
            contents = text_of(image_contents(image.spec, at=image.at))
            templates[image.task].config[key_of(image.spec.image_name())] = contents
        return Serialized(
            self._id_of(entity),
            tuple(self._entities),
            self._python_tasks,
            {each.name: each for each in self._known.values() if isinstance(each, Workflow)},
            tuple(self._references),
            self._registered,
            tuple(self._images),
        )

    def _id_of(self, entity: AnyEntity) -> Identifier:
        return self._settings.identifier(_kind(entity), entity.name)

    def add(self, entity: AnyEntity | AnyReference) -> None:
        if isinstance(entity, Reference):
            self._references[entity] = None
            return
        if isinstance(entity, Workflow) and entity in self._open:
            raise self._recursive(entity, "contains itself")
        known = self._known.get((_kind(entity), entity.name))
        if known is not None and (known is entity or _is_same(known, entity)):
            return
        if known is not None:
            raise mistake(
                "DuplicateName",
                f"two entities are named `{entity.name}`",
                at=entity.location,
                fix=f"the other is at {known.location}; give one of them another name",
            )
        self._known[_kind(entity), entity.name] = entity
        if isinstance(entity, Workflow):
            self._add_workflow(entity)
        elif isinstance(entity, LaunchPlan):
            self._add_launch_plan(entity)
        else:
            self._python_tasks[entity.name] = entity
            is_map = isinstance(entity, MapTask)
            spec = map_task_spec(entity, self._settings) if is_map else task_spec(entity, self._settings)
            self._entities.append(SerializedEntity(self._id_of(entity), spec))
            if isinstance(entity, Task):
                for hint in entity.settings.node_dependency_hints:
                    self.add(cast("AnyEntity | AnyReference", hint))

    def _add_workflow(self, workflow: Workflow[..., object]) -> None:
        self._open.append(workflow)
        graph = workflow.graph()
        self.add_all(graph)
        self._open.pop()
        template = self._template(workflow)
        inside = self.templates_in(graph)
        self._templates[workflow.name] = {**inside, entity_id(template.id): template}
        spec = WorkflowSpec(
            template=template,
            sub_workflows=inside.values(),
            description=description(workflow.interface, workflow.settings.docs),
        )
        self._entities.append(SerializedEntity(self._id_of(workflow), spec))
        default = self._known.get((ResourceType.LAUNCH_PLAN, workflow.name))
        if default is None:
            self.add(default_launch_plan(workflow))

    def add_all(self, graph: Graph) -> None:
        """All that the nodes of a graph run."""
        self._images += _images_in(graph)
        for entity in _entities_in(graph):
            workflow = entity.workflow if isinstance(entity, LaunchPlan) else None
            if isinstance(workflow, Workflow) and workflow in self._open:
                raise self._recursive(workflow, f"starts itself through launch plan `{entity.name}`")
            self.add(entity)

    def _recursive(self, workflow: Workflow[..., object], how: str) -> InvalidInput:
        chain = " -> ".join(each.name for each in (*self._open, workflow))
        return mistake("RecursiveWorkflow", f"a workflow {how}: {chain}", at=workflow.location)

    def templates_in(self, graph: Graph) -> dict[EntityId, WorkflowTemplate]:
        """All workflows inside, each once; inner ones first."""
        inside: dict[EntityId, WorkflowTemplate] = {}
        for entity in _entities_in(graph):
            if isinstance(entity, Workflow):
                inside |= self._templates[entity.name]
            elif isinstance(entity, Reference) and entity.kind == "workflow":
                templates = self._registered.workflows.get(entity_id(identifier_of(entity)), ())
                inside |= {entity_id(template.id): template for template in templates}
        return inside

    def _template(self, workflow: Workflow[..., object]) -> WorkflowTemplate:
        graph = workflow.graph()
        return WorkflowTemplate(
            id=self._id_of(workflow),
            metadata=WorkflowMetadata(on_failure=_failure_policy(workflow)),
            interface=typed_interface(workflow.interface),
            nodes=[node_message(node, self._settings) for node in graph.nodes],
            failure_node=node_message(graph.failure, self._settings) if graph.failure else None,
            outputs=_outputs(workflow.interface, graph),
            metadata_defaults=WorkflowMetadataDefaults(interruptible=workflow.settings.interruptible),
        )

    def _add_launch_plan(self, plan: LaunchPlan) -> None:
        workflow = plan.workflow
        if isinstance(workflow, Reference):
            self.add(workflow)
            workflow_id = identifier_of(workflow)
        else:
            if workflow not in self._open and (ResourceType.WORKFLOW, workflow.name) not in self._known:
                self.add(workflow)
            workflow_id = self._id_of(workflow)
        fixed = literals(plan.workflow.interface, plan.fixed_inputs, at=plan.location)
        spec = LaunchPlanSpec(
            workflow_id=workflow_id,
            entity_metadata=LaunchPlanMetadata(
                schedule=_schedule(plan), notifications=map(notification_message, plan.notifications)
            ),
            default_inputs=parameters(plan.interface, at=plan.location),
            fixed_inputs=LiteralMap(literals=fixed),
            max_parallelism=plan.max_parallelism or 0,
        )
        spec.labels.values.update(plan.labels)
        spec.annotations.values.update(plan.annotations)
        if plan.raw_data_prefix:
            spec.raw_output_data_config.output_location_prefix = plan.raw_data_prefix
        _put_rules(plan, spec)
        if plan.trigger is not None:
            spec.entity_metadata.launch_conditions.Pack(plan.trigger.to_flyte_idl(), deterministic=True)
        if plan.overwrite_cache is not None:
            spec.overwrite_cache = plan.overwrite_cache
        self._entities.append(SerializedEntity(self._id_of(plan), spec, plan.auto_activate))


def _outputs(interface: InterfaceView, graph: Graph, *, store: Store = NO_STORE) -> list[Binding]:
    bindings: list[Binding] = []
    for name, value in graph.outputs.items():
        transformer, _ = output_form(interface, name)
        what = f"output `{name}` of {interface.kind} `{interface.name}`"
        data = binding(transformer, value, what=what, at=interface.location, store=store)
        bindings.append(Binding(var=name, binding=data))
    return bindings


def _images_in(graph: Graph) -> Iterator[ImageOfStep]:
    for node in _nodes_in(graph):
        spec = node.overrides.image_spec
        if spec is None:
            continue
        if isinstance(cast("object", node.entity), Task | MapTask):
            yield ImageOfStep(cast("AnyTask", node.entity).name, spec, node.at)
        else:
            raise mistake(
                "InvalidImage",
                f"a step of {node.entity.interface.kind} `{node.entity.interface.name}` can't be given an ImageSpec,"
                " whose contents its task has to tell",
                at=node.at,
                fix=f'give the name of the image: `container_image="{spec.image_name()}"`',
            )


def _nodes_in(graph: Graph) -> Iterator[Node]:
    """All nodes, those inside conditionals too."""
    yield from _nodes([*graph.nodes, *([graph.failure] if graph.failure else [])])


def _nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node.entity, Branch):
            yield from _nodes(node.entity.steps())


def _entities_in(graph: Graph) -> Iterator[AnyEntity | AnyReference]:
    """The entities that the nodes run; a conditional and a gate run none. A map over a workflow or launch plan is no
    entity of its own."""
    for node in _nodes_in(graph):
        entity = node.entity
        if isinstance(entity, MapTask):
            array = cast("MapTask[object]", entity)
            yield array if isinstance(array.target, Task) else array.target
        elif not isinstance(entity, Branch | Gate):
            yield cast("AnyEntity | AnyReference", entity)


def _kind(entity: AnyEntity) -> ResourceType:
    if isinstance(entity, Workflow):
        return ResourceType.WORKFLOW
    return ResourceType.LAUNCH_PLAN if isinstance(entity, LaunchPlan) else ResourceType.TASK


def _is_same(one: AnyEntity, other: AnyEntity) -> bool:
    """True if two objects of one name declare the same.

    Two `map_task` calls on one task are one task when they bind the same inputs, which the name says; a workflow's
    default launch plan may be there before the author's own object of it.
    """
    if isinstance(one, LaunchPlan) and isinstance(other, LaunchPlan):
        return one.equals(other)
    return isinstance(one, MapTask) and isinstance(other, MapTask) and one.target is other.target


def _failure_policy(workflow: Workflow[..., object]) -> WorkflowMetadata.OnFailurePolicy:
    return _FAILURE_POLICIES[workflow.settings.failure_policy]


def notification_message(notification: Notification) -> NotificationMessage:
    """A notification of runs."""
    message = NotificationMessage(phases=[WorkflowExecution.Phase.Name(phase) for phase in notification.phases])
    way = {Email: message.email, PagerDuty: message.pager_duty, Slack: message.slack}[type(notification)]
    way.recipients_email.extend(notification.recipients_email)
    return message


def _schedule(plan: LaunchPlan) -> Schedule | None:
    schedule = plan.schedule
    if schedule is None:
        return None
    kickoff = schedule.kickoff_time_input_arg or ""
    if isinstance(schedule, CronSchedule):
        if schedule.cron_expression:
            return Schedule(cron_expression=schedule.cron_expression, kickoff_time_input_arg=kickoff)
        cron = CronMessage(schedule=schedule.schedule, offset=schedule.offset or "")
        return Schedule(cron_schedule=cron, kickoff_time_input_arg=kickoff)
    value, unit = schedule.rate
    rate = FixedRateMessage(value=value, unit=unit)
    return Schedule(rate=rate, kickoff_time_input_arg=kickoff)


def _put_rules(plan: LaunchPlan, spec: LaunchPlanSpec) -> None:
    """Put the rules of a schedule where the platform reads them (`core/policy/schedule_rules`)."""
    schedule, concurrency, annotations = plan.schedule, plan.concurrency, spec.annotations.values
    if schedule is not None:
        if schedule.catch_up != "all":
            annotations[CATCH_UP] = schedule.catch_up
        if schedule.jitter is not None:
            annotations[JITTER] = f"PT{schedule.jitter.total_seconds():.6f}S"
        for key, moment in ((STARTS, schedule.starts), (ENDS, schedule.ends)):
            if moment is not None:
                annotations[key] = moment.isoformat()
    if concurrency is not None:
        spec.concurrency_policy.max = concurrency.max_concurrency
        if concurrency.behavior is ConcurrencyLimitBehavior.SKIP:
            spec.concurrency_policy.behavior = CONCURRENCY_LIMIT_BEHAVIOR_SKIP
        else:
            annotations[AT_LIMIT] = concurrency.behavior.value
