"""What is read of objects of the API server. Specification and status are decoded by those that know the kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import msgspec

# `Any`: JSON's values.
Manifest: TypeAlias = dict[str, Any]
_EMPTY = msgspec.Raw(b"{}")


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """What all objects have."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    """The time at which it goes at the latest, once its deletion was asked for."""


class Object(msgspec.Struct, frozen=True):
    """An object of any kind."""

    metadata: Metadata = Metadata()
    spec: msgspec.Raw = _EMPTY
    status: msgspec.Raw = _EMPTY

    @property
    def key(self) -> Key:
        return self.metadata.namespace, self.metadata.name

    def kept(self) -> Object:
        """A copy that does not keep the whole answer in memory that it was read from."""
        return Object(self.metadata, self.spec.copy(), self.status.copy())


Key: TypeAlias = tuple[str, str]
"""Namespace and name."""


class Resource(msgspec.Struct, frozen=True):
    """A kind of objects, by where they are."""

    api: str
    """`v1`, or `GROUP/VERSION`."""
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        """The path of an object, or of all: in every namespace, if none is given."""
        root = "api" if "/" not in self.api else "apis"
        where = f"/namespaces/{namespace}" if namespace else ""
        return f"/{root}/{self.api}{where}/{self.plural}" + (f"/{name}" if name else "")


PODS = Resource("v1", "pods")
POD_TEMPLATES = Resource("v1", "podtemplates")
EVENTS = Resource("v1", "events")


class ListMetadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class ObjectList(msgspec.Struct, frozen=True):
    """A page of a list."""

    metadata: ListMetadata = ListMetadata()
    items: list[Object] = []


class Change(msgspec.Struct, frozen=True):
    """One line of a watch."""

    type: str
    object: msgspec.Raw


class Kind(msgspec.Struct, frozen=True):
    """A kind of objects that the API server knows."""

    name: str = ""
    """In the plural, maybe with `/` and a part of the object."""
    kind: str = ""
    namespaced: bool = False


class Kinds(msgspec.Struct, frozen=True):
    """All kinds of one version of an API."""

    resources: list[Kind] = []


class Status(msgspec.Struct, frozen=True):
    """The API server's refusal."""

    code: int = 0
    reason: str = ""
    message: str = ""


def microseconds(at: datetime | None) -> int:
    """A time of an object, since the epoch; 0 if it has none."""
    return int(at.timestamp() * 1_000_000) if at is not None else 0
