"""The SDK. Puts its parts together: the local engine runs what is called outside the body of a workflow, and a client
launches what is called in an eager task on a platform."""

from __future__ import annotations

from alula.sdk.calling import run_by

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from alula.sdk.calling import Runner


def _locally(entity: Any, values: Mapping[str, object], awaited: bool) -> object:  # Any: any entity
    from alula.sdk.local.run import call  # lazy: the engine is for running

    return call(entity, values, awaited)


def _as_executions(context: Any, settings: Any, place: str) -> AbstractContextManager[Runner]:  # Any: see `Launcher`
    from alula.sdk.client.eager import Calls  # lazy: gRPC is for eager tasks on a platform

    return Calls(context, settings, place)


run_by(_locally, _as_executions)
