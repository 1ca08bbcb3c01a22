"""IdentityService, as far as a platform without a login needs it."""

from __future__ import annotations

from flyteidl.service import identity_pb2

from alula.server.api.grpc.calls import Context
from alula.server.identity import Caller


class Identity:
    """Says who the caller is. With auth off everybody is the configured anonymous identity."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def user_info(self, _request: identity_pb2.UserInfoRequest, _: Context) -> identity_pb2.UserInfoResponse:
        return identity_pb2.UserInfoResponse(
            subject=self._caller.principal,
            name=self._caller.principal,
            preferred_username=self._caller.principal,
        )
