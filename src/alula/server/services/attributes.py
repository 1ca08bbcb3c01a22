"""Matchable attributes: settings of projects, of their domains and of workflows there.

Of several that match, the most specific holds as a whole: workflow before domain before project. The platform itself
applies WORKFLOW_EXECUTION_CONFIG, TASK_RESOURCE, QUALITY_OF_SERVICE_SPECIFICATION and PLUGIN_OVERRIDE when a run is
launched, and CLUSTER_RESOURCE to namespaces of a cluster; the others are kept and given back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from flyteidl.admin import matchable_resource_pb2 as matchable
from flyteidl.core import execution_pb2

from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import Place
from alula.core.policy.queueing import check_quality
from alula.core.policy.registration import SETTINGS_MAX_BYTES, check_parallelism, check_size
from alula.core.policy.resources import QUANTITIES
from alula.core.policy.routing import Wanted, wanted_of
from alula.server.access import Action, covers
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.services.projects import require_active_project, require_place
from alula.server.store.attributes import AttributesRecord
from alula.server.store.audits import Audit

_TARGETS: dict[str, int] = {
    "task_resource_attributes": matchable.TASK_RESOURCE,
    "cluster_resource_attributes": matchable.CLUSTER_RESOURCE,
    "execution_queue_attributes": matchable.EXECUTION_QUEUE,
    "execution_cluster_label": matchable.EXECUTION_CLUSTER_LABEL,
    "quality_of_service": matchable.QUALITY_OF_SERVICE_SPECIFICATION,
    "plugin_overrides": matchable.PLUGIN_OVERRIDE,
    "workflow_execution_config": matchable.WORKFLOW_EXECUTION_CONFIG,
    "cluster_assignment": matchable.CLUSTER_ASSIGNMENT,
}


class SettingsPlace(msgspec.Struct, frozen=True):
    """The place that settings are for: a project, a domain of it, or a workflow there."""

    project: str
    domain: str = ""
    workflow: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.project, self.domain, self.workflow) if part)


def settings_place(**parts: str) -> SettingsPlace:
    """The place that these parts name. Raises `InvalidInput` if one of them is empty."""
    for part, value in parts.items():
        if not value:
            raise InvalidInput("IncompleteIdentifier", f"attributes of a {list(parts)[-1]} need a {part}")
    return SettingsPlace(**parts)


async def update_attributes(
    platform: Platform, caller: Caller, place: SettingsPlace, attributes: matchable.MatchingAttributes
) -> None:
    """Set or replace. Plugin overrides replace those of the same task types only.

    Raises `InvalidInput` for a place that is not there, or settings that can't be.
    """
    if place.domain:
        await require_place(platform, caller, place.project, place.domain, Action.MANAGE)
    else:
        await require_active_project(platform, caller, place.project, Action.MANAGE)
    target = attributes.WhichOneof("target")
    if target is None:
        raise InvalidInput("AttributesMissing", f"no settings are given for `{place}`", fix="set one of the targets")
    resource = _TARGETS[target]
    _check(attributes)
    if resource == matchable.PLUGIN_OVERRIDE:
        attributes = _merged_overrides(await _exactly(platform, place, resource), attributes)
    check_size(attributes, f"the settings for `{place}`", SETTINGS_MAX_BYTES)
    record = AttributesRecord(
        resource=resource,
        project=place.project,
        domain=place.domain,
        workflow=place.workflow,
        attributes=attributes.SerializeToString(deterministic=True),
        updated_at=platform.clock(),
    )
    await platform.store.attributes.put(record, _audit(platform, caller, "set-attributes", place, resource))


async def get_attributes(
    platform: Platform, caller: Caller, place: SettingsPlace, resource: int
) -> matchable.MatchableAttributesConfiguration:
    """The settings that hold there, those of the place itself or the most specific around it. Raises `NotFound`."""
    await platform.require(caller, Place(place.project, place.domain), Action.VIEW)
    found = await _matching(platform, place, resource)
    if found:
        return _configuration(found[0])
    if resource == matchable.WORKFLOW_EXECUTION_CONFIG and not place.domain:
        config = matchable.WorkflowExecutionConfig(max_parallelism=platform.max_parallelism)
        return matchable.MatchableAttributesConfiguration(
            project=place.project, attributes=matchable.MatchingAttributes(workflow_execution_config=config)
        )
    raise _not_found(place, resource)


async def delete_attributes(platform: Platform, caller: Caller, place: SettingsPlace, resource: int) -> None:
    """Raises `NotFound`."""
    await platform.require(caller, Place(place.project, place.domain), Action.MANAGE)
    audit = _audit(platform, caller, "delete-attributes", place, resource)
    found = await platform.store.attributes.delete(
        resource, project=place.project, domain=place.domain, workflow=place.workflow, audit=audit
    )
    if not found:
        raise _not_found(place, resource)


async def list_attributes(
    platform: Platform, caller: Caller, resource: int
) -> matchable.ListMatchableAttributesResponse:
    """All settings of one kind, of places that `caller` may view."""
    places = await platform.viewable(caller)
    records = await platform.store.attributes.find(resource)

    def shown() -> matchable.ListMatchableAttributesResponse:
        seen = (record for record in records if covers(places, Place(record.project, record.domain)))
        return matchable.ListMatchableAttributesResponse(configurations=map(_configuration, seen))

    return await asyncio.to_thread(shown)


class LaunchSettings(msgspec.Struct, frozen=True):
    """The settings for a run that is launched."""

    configs: tuple[matchable.WorkflowExecutionConfig, ...]
    """The most specific first; each setting is that of the first that says something."""
    task_resources: bytes
    """Serialized `admin.TaskResourceAttributes`; empty for none."""
    quality_of_service: execution_pb2.QualityOfService
    wishes: tuple[Wanted, ...]
    """The executors that tasks of some types are to have."""


async def launch_settings(platform: Platform, place: SettingsPlace) -> LaunchSettings:
    """The settings that hold for a run of the workflow of `place`, in its project and domain."""
    found = await _matching(platform, place)
    configs = _of_kind(found, matchable.WORKFLOW_EXECUTION_CONFIG)
    resources = _of_kind(found, matchable.TASK_RESOURCE)
    quality = _of_kind(found, matchable.QUALITY_OF_SERVICE_SPECIFICATION)
    overrides = _of_kind(found, matchable.PLUGIN_OVERRIDE)
    return LaunchSettings(
        configs=tuple(config.workflow_execution_config for config in configs),
        task_resources=resources[0].task_resource_attributes.SerializeToString() if resources else b"",
        quality_of_service=quality[0].quality_of_service if quality else execution_pb2.QualityOfService(),
        wishes=wanted_of(overrides[0].plugin_overrides) if overrides else (),
    )


async def cluster_values(platform: Platform, project: str, domain: str) -> dict[str, str]:
    """The values that a project's domain has for the templates of its namespace."""
    found = await _matching(platform, SettingsPlace(project, domain), matchable.CLUSTER_RESOURCE)
    attributes = _of_kind(found, matchable.CLUSTER_RESOURCE)
    return dict(attributes[0].cluster_resource_attributes.attributes) if attributes else {}


async def _matching(platform: Platform, place: SettingsPlace, resource: int | None = None) -> list[AttributesRecord]:
    """The settings that hold at a place, the most specific first."""
    found = await platform.store.attributes.find(resource, at=(place.project, place.domain, place.workflow))
    return sorted(found, key=lambda record: (record.workflow == "", record.domain == ""))


def _of_kind(records: Sequence[AttributesRecord], resource: int) -> list[matchable.MatchingAttributes]:
    return [
        matchable.MatchingAttributes.FromString(record.attributes) for record in records if record.resource == resource
    ]


async def _exactly(platform: Platform, place: SettingsPlace, resource: int) -> matchable.MatchingAttributes:
    for record in await _matching(platform, place, resource):
        if (record.domain, record.workflow) == (place.domain, place.workflow):
            return matchable.MatchingAttributes.FromString(record.attributes)
    return matchable.MatchingAttributes()


def _merged_overrides(
    before: matchable.MatchingAttributes, given: matchable.MatchingAttributes
) -> matchable.MatchingAttributes:
    overrides = {
        override.task_type: override
        for attributes in (before, given)
        for override in attributes.plugin_overrides.overrides
    }
    return matchable.MatchingAttributes(plugin_overrides=matchable.PluginOverrides(overrides=overrides.values()))


def _check(attributes: matchable.MatchingAttributes) -> None:
    """Raises `InvalidInput` for quantities that are none, defaults over their limits, and negative numbers."""
    resources = attributes.task_resource_attributes
    for quantity in QUANTITIES:
        word = quantity.word
        default, limit = getattr(resources.defaults, word), getattr(resources.limits, word)
        sizes = [quantity.unit(text) for text in (default, limit) if text]
        if len(sizes) == 2 and sizes[0] > sizes[1]:
            raise InvalidInput("InvalidResources", f"the default {word} `{default}` is more than its limit `{limit}`")
    check_quality(attributes.quality_of_service)
    check_parallelism(attributes.workflow_execution_config.max_parallelism)


def _configuration(record: AttributesRecord) -> matchable.MatchableAttributesConfiguration:
    return matchable.MatchableAttributesConfiguration(
        attributes=matchable.MatchingAttributes.FromString(record.attributes),
        project=record.project,
        domain=record.domain,
        workflow=record.workflow,
    )


def _not_found(place: SettingsPlace, resource: int) -> NotFound:
    return NotFound("AttributesNotFound", f"`{place}` has no settings of the kind {_word(resource)}")


def _audit(platform: Platform, caller: Caller, action: str, place: SettingsPlace, resource: int) -> Audit:
    return platform.audit(
        caller, action, f"attributes {place}", project=place.project, domain=place.domain, detail=_word(resource)
    )


def _word(resource: int) -> str:
    known = matchable.MatchableResource.DESCRIPTOR.values_by_number
    return known[resource].name if resource in known else str(resource)
