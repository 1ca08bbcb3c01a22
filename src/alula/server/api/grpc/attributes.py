"""The part of AdminService that is about matchable attributes: three places, one use case each for all of them."""

from __future__ import annotations

from flyteidl.admin import (
    matchable_resource_pb2,
    project_attributes_pb2,
    project_domain_attributes_pb2,
    workflow_attributes_pb2,
)

from alula.server.api.grpc.calls import Context
from alula.server.identity import Caller
from alula.server.services import attributes
from alula.server.services.attributes import Place, place_of
from alula.server.services.platform import Platform


class Attributes:
    """A method per RPC."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller

    async def update_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesUpdateRequest, _: Context
    ) -> project_attributes_pb2.ProjectAttributesUpdateResponse:
        given = request.attributes
        await self._update(place_of(project=given.project), given.matching_attributes)
        return project_attributes_pb2.ProjectAttributesUpdateResponse()

    async def get_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesGetRequest, _: Context
    ) -> project_attributes_pb2.ProjectAttributesGetResponse:
        found = await self._get(place_of(project=request.project), request.resource_type)
        return project_attributes_pb2.ProjectAttributesGetResponse(
            attributes=project_attributes_pb2.ProjectAttributes(
                project=found.project, matching_attributes=found.attributes
            )
        )

    async def delete_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesDeleteRequest, _: Context
    ) -> project_attributes_pb2.ProjectAttributesDeleteResponse:
        await self._delete(place_of(project=request.project), request.resource_type)
        return project_attributes_pb2.ProjectAttributesDeleteResponse()

    async def update_project_domain_attributes(
        self, request: project_domain_attributes_pb2.ProjectDomainAttributesUpdateRequest, _: Context
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesUpdateResponse:
        given = request.attributes
        await self._update(place_of(project=given.project, domain=given.domain), given.matching_attributes)
        return project_domain_attributes_pb2.ProjectDomainAttributesUpdateResponse()

    async def get_project_domain_attributes(
        self, request: project_domain_attributes_pb2.ProjectDomainAttributesGetRequest, _: Context
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesGetResponse:
        found = await self._get(place_of(project=request.project, domain=request.domain), request.resource_type)
        return project_domain_attributes_pb2.ProjectDomainAttributesGetResponse(
            attributes=project_domain_attributes_pb2.ProjectDomainAttributes(
                project=found.project, domain=found.domain, matching_attributes=found.attributes
            )
        )

    async def delete_project_domain_attributes(
        self, request: project_domain_attributes_pb2.ProjectDomainAttributesDeleteRequest, _: Context
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesDeleteResponse:
        await self._delete(place_of(project=request.project, domain=request.domain), request.resource_type)
        return project_domain_attributes_pb2.ProjectDomainAttributesDeleteResponse()

    async def update_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesUpdateRequest, _: Context
    ) -> workflow_attributes_pb2.WorkflowAttributesUpdateResponse:
        given = request.attributes
        await self._update(
            place_of(project=given.project, domain=given.domain, workflow=given.workflow), given.matching_attributes
        )
        return workflow_attributes_pb2.WorkflowAttributesUpdateResponse()

    async def get_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesGetRequest, _: Context
    ) -> workflow_attributes_pb2.WorkflowAttributesGetResponse:
        found = await self._get(
            place_of(project=request.project, domain=request.domain, workflow=request.workflow), request.resource_type
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
        self, request: workflow_attributes_pb2.WorkflowAttributesDeleteRequest, _: Context
    ) -> workflow_attributes_pb2.WorkflowAttributesDeleteResponse:
        await self._delete(
            place_of(project=request.project, domain=request.domain, workflow=request.workflow), request.resource_type
        )
        return workflow_attributes_pb2.WorkflowAttributesDeleteResponse()

    async def list_matchable_attributes(
        self, request: matchable_resource_pb2.ListMatchableAttributesRequest, _: Context
    ) -> matchable_resource_pb2.ListMatchableAttributesResponse:
        return await attributes.list_attributes(self._platform, self._caller, int(request.resource_type))

    async def _update(self, place: Place, given: matchable_resource_pb2.MatchingAttributes) -> None:
        await attributes.update_attributes(self._platform, self._caller, place, given)

    async def _get(self, place: Place, resource: int) -> matchable_resource_pb2.MatchableAttributesConfiguration:
        return await attributes.get_attributes(self._platform, self._caller, place, resource)

    async def _delete(self, place: Place, resource: int) -> None:
        await attributes.delete_attributes(self._platform, self._caller, place, resource)
