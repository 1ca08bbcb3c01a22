"""The services of the gRPC server."""

from __future__ import annotations

import grpc
from flyteidl.cacheservice import cacheservice_pb2
from flyteidl.datacatalog import datacatalog_pb2
from flyteidl.service import admin_pb2, auth_pb2, dataproxy_pb2, identity_pb2, signal_pb2
from google.protobuf.descriptor import ServiceDescriptor

from alula.server.api.grpc import health
from alula.server.api.grpc.admin import Admin
from alula.server.api.grpc.attributes import Attributes
from alula.server.api.grpc.catalog import CacheService, DataCatalog
from alula.server.api.grpc.data_proxy import DataProxy
from alula.server.api.grpc.events import Events
from alula.server.api.grpc.health import Health
from alula.server.api.grpc.identity import Identity
from alula.server.api.grpc.service import service_handler
from alula.server.api.grpc.signals import Signals
from alula.server.api.peer import Peers
from alula.server.api.request_measures import RequestMeasures
from alula.server.authentication import Authentication
from alula.server.services.platform import Platform

OPEN = frozenset({"grpc.health.v1.Health"})
"""Services that need no caller."""


def handlers_of(
    platform: Platform, authentication: Authentication, measures: RequestMeasures
) -> list[grpc.GenericRpcHandler[bytes, bytes]]:
    """Everything that clients may call."""
    return [
        service_handler(
            service,
            *servicers,
            authentication=None if service.full_name in OPEN else authentication,
            measures=measures,
        )
        for service, servicers in services_of(platform)
    ]


def services_of(platform: Platform) -> list[tuple[ServiceDescriptor, tuple[object, ...]]]:
    """Every service, with the objects that answer its RPCs."""
    named = (
        (admin_pb2, "AdminService", (Admin(platform, Peers()), Attributes(platform), Events())),
        (dataproxy_pb2, "DataProxyService", (DataProxy(platform),)),
        (identity_pb2, "IdentityService", (Identity(),)),
        (auth_pb2, "AuthMetadataService", ()),
        (signal_pb2, "SignalService", (Signals(platform),)),
        (datacatalog_pb2, "DataCatalog", (DataCatalog(platform),)),
        (cacheservice_pb2, "CacheService", (CacheService(platform),)),
        (health, "Health", (Health(platform),)),
    )
    return [(module.DESCRIPTOR.services_by_name[name], servicers) for module, name, servicers in named]
