"""Types of files as FlyteIDL's messages."""

from __future__ import annotations

from flyteidl.core.types_pb2 import BlobType, EnumType

from alula.sdk.absent import refuse_others

__all__ = ["BlobType", "EnumType"]

refuse_others(__name__)
