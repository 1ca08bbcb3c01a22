"""SignalService: the questions of gates, and their answers."""

from __future__ import annotations

from flyteidl.admin import signal_pb2

from alula.server.api.calls import Call
from alula.server.services import signals
from alula.server.services.platform import Platform


class Signals:
    """A method per RPC."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def get_or_create_signal(self, request: signal_pb2.SignalGetOrCreateRequest, call: Call) -> signal_pb2.Signal:
        return await signals.get_signal(self._platform, call.caller, request)

    async def list_signals(self, request: signal_pb2.SignalListRequest, call: Call) -> signal_pb2.SignalList:
        return await signals.list_signals(self._platform, call.caller, request)

    async def set_signal(self, request: signal_pb2.SignalSetRequest, call: Call) -> signal_pb2.SignalSetResponse:
        await signals.set_signal(self._platform, call.caller, request)
        return signal_pb2.SignalSetResponse()
