"""FlyteIDL's messages, at flytekit's paths."""

from __future__ import annotations

from alula.sdk.absent import refuse_others

refuse_others(__name__)
