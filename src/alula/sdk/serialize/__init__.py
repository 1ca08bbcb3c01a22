"""Entities of the SDK as FlyteIDL messages. `serialize` is the entrance; nothing here talks to a platform."""

from alula.sdk.serialize.entities import Serialized as Serialized
from alula.sdk.serialize.entities import SerializedEntity as SerializedEntity
from alula.sdk.serialize.entities import serialize as serialize
from alula.sdk.serialize.settings import SerializationSettings as SerializationSettings
