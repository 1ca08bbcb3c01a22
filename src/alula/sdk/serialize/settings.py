"""The part of a specification that is not in the author's code: names, version, image, place of the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from flyteidl.core.identifier_pb2 import Identifier, ResourceType

from alula.core.policy.image import LOCAL_IMAGE


@dataclass(frozen=True, slots=True)
class SerializationSettings:
    """The names under which entities are registered, and the place of their code."""

    project: str = "flytesnacks"
    domain: str = "development"
    version: str = "local"
    image: str = LOCAL_IMAGE
    code_uri: str = ""
    """The bundle with the code; empty when the code is in the image or on the path already."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    require_importable: bool = True
    """Refuse a task that its process could not find again; a local run can do without."""

    def identifier(self, kind: ResourceType, name: str) -> Identifier:
        """The id of an entity."""
        return Identifier(resource_type=kind, project=self.project, domain=self.domain, name=name, version=self.version)

    def to_text(self) -> str:
        """All settings as the value of the variable by which a dynamic task knows them."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> SerializationSettings:
        """The settings that `to_text` wrote. Raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
        return msgspec.json.decode(text, type=cls)
