"""The SDK. Puts its parts together: the local engine runs what is called outside the body of a workflow."""

from __future__ import annotations

from alula.sdk.calling import run_by

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def _locally(entity: Any, values: Mapping[str, object]) -> object:  # Any: any workflow or dynamic task
    from alula.sdk.local.run import call  # lazy: the engine is for running

    return call(entity, values)


run_by(_locally)
