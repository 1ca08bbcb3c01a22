"""Records of the store as FlyteIDL messages, and names both ways. Pure: no store, no clock."""

from alula.server.services.messages import entities as entities
from alula.server.services.messages import runs as runs
