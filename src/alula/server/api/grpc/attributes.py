"""The part of AdminService that is about matchable attributes: three places, one use case each for all of them."""

from __future__ import annotations

from flyteidl.admin import (
    matchable_resource_pb2,
    project_attributes_pb2,
    project_domain_attributes_pb2,
    workflow_attributes_pb2,
)

from alula.server.api.calls import Call
from alula.server.services import attributes
from alula.server.services.attributes import SettingsPlace, settings_place
from alula.server.services.platform import Platform


class Attributes:
    """A method per RPC."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def update_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesUpdateRequest, call: Call
    ) -> project_attributes_pb2.ProjectAttributesUpdateResponse:
        given = request.attributes
        await self._update(call, settings_place(project=given.project), given.matching_attributes)
        return project_attributes_pb2.ProjectAttributesUpdateResponse()

    async def get_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesGetRequest, call: Call
    ) -> project_attributes_pb2.ProjectAttributesGetResponse:
        found = await self._get(call, settings_place(project=request.project), request.resource_type)
        return project_attributes_pb2.ProjectAttributesGetResponse(
            attributes=project_attributes_pb2.ProjectAttributes(
                project=found.project, matching_attributes=found.attributes
            )
        )

    async def delete_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesDeleteRequest, call: Call
    ) -> project_attributes_pb2.ProjectAttributesDeleteResponse:
        await self._delete(call, settings_place(project=request.project), request.resource_type)
        return project_attributes_pb2.ProjectAttributesDeleteResponse()

    async def update_project_domain_attributes(
        self, request: project_domain_attributes_pb2.ProjectDomainAttributesUpdateRequest, call: Call
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesUpdateResponse:
        given = request.attributes
        await self._update(call, settings_place(project=given.project, domain=given.domain), given.matching_attributes)
        return project_domain_attributes_pb2.ProjectDomainAttributesUpdateResponse()

    async def get_project_domain_attributes(
        self, request: project_domain_attributes_pb2.ProjectDomainAttributesGetRequest, call: Call
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesGetResponse:
        found = await self._get(
            call, settings_place(project=request.project, domain=request.domain), request.resource_type
        )
        return project_domain_attributes_pb2.ProjectDomainAttributesGetResponse(
            attributes=project_domain_attributes_pb2.ProjectDomainAttributes(
                project=found.project, domain=found.domain, matching_attributes=found.attributes
            )
        )

    async def delete_project_domain_attributes(
        self, request: project_domain_attributes_pb2.ProjectDomainAttributesDeleteRequest, call: Call
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesDeleteResponse:
        await self._delete(call, settings_place(project=request.project, domain=request.domain), request.resource_type)
        return project_domain_attributes_pb2.ProjectDomainAttributesDeleteResponse()

    async def update_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesUpdateRequest, call: Call
    ) -> workflow_attributes_pb2.WorkflowAttributesUpdateResponse:
        given = request.attributes
        await self._update(
            call,
            settings_place(project=given.project, domain=given.domain, workflow=given.workflow),
            given.matching_attributes,
        )
        return workflow_attributes_pb2.WorkflowAttributesUpdateResponse()

    async def get_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesGetRequest, call: Call
    ) -> workflow_attributes_pb2.WorkflowAttributesGetResponse:
        found = await self._get(
            call,
            settings_place(project=request.project, domain=request.domain, workflow=request.workflow),
            request.resource_type,
        )
        return workflow_attributes_pb2.WorkflowAttributesGetResponse(
            attributes=workflow_attributes_pb2.WorkflowAttributes(
                project=found.project,
                domain=found.domain,
                workflow=found.workflow,
                matching_attributes=found.attributes,
            )
        )

    async def delete_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesDeleteRequest, call: Call
    ) -> workflow_attributes_pb2.WorkflowAttributesDeleteResponse:
        await self._delete(
            call,
            settings_place(project=request.project, domain=request.domain, workflow=request.workflow),
            request.resource_type,
        )
        return workflow_attributes_pb2.WorkflowAttributesDeleteResponse()

    async def list_matchable_attributes(
        self, request: matchable_resource_pb2.ListMatchableAttributesRequest, call: Call
    ) -> matchable_resource_pb2.ListMatchableAttributesResponse:
        return await attributes.list_attributes(self._platform, call.caller, int(request.resource_type))

    async def _update(self, call: Call, place: SettingsPlace, given: matchable_resource_pb2.MatchingAttributes) -> None:
        await attributes.update_attributes(self._platform, call.caller, place, given)

    async def _get(
        self, call: Call, place: SettingsPlace, resource: int
    ) -> matchable_resource_pb2.MatchableAttributesConfiguration:
        return await attributes.get_attributes(self._platform, call.caller, place, resource)

    async def _delete(self, call: Call, place: SettingsPlace, resource: int) -> None:
        await attributes.delete_attributes(self._platform, call.caller, place, resource)
