"""IdentityService, as far as a platform without a login needs it."""

from __future__ import annotations

from flyteidl.service import identity_pb2

from alula.server.api.calls import Call


class Identity:
    """Tells callers their identity. Without a login everybody is the configured anonymous identity."""

    async def user_info(self, _request: identity_pb2.UserInfoRequest, call: Call) -> identity_pb2.UserInfoResponse:
        return identity_pb2.UserInfoResponse(
            subject=call.caller.principal,
            name=call.caller.principal,
            preferred_username=call.caller.principal,
        )
