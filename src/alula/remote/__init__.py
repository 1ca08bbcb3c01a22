"""Platforms as programs use them."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.client.async_remote import AsyncFlyteRemote
from alula.sdk.client.flyte_executions import FlyteNodeExecution, FlyteTaskExecution, FlyteWorkflowExecution
from alula.sdk.client.flyte_remote import FlyteRemote

__all__ = ["AsyncFlyteRemote", "FlyteNodeExecution", "FlyteRemote", "FlyteTaskExecution", "FlyteWorkflowExecution"]

refuse_others(__name__)
