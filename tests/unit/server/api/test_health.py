"""What the platform says of its own health over HTTP."""

from __future__ import annotations

import pytest
from tests.unit.server.api.test_retention_routes import app_of
from tests.unit.server.api.test_run_routes import get

from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio


async def test_all_that_an_operator_has_to_mend_is_told_though_the_platform_works(platform: Platform) -> None:
    troubles = [lambda: "a namespace is not ready", lambda: ""]
    app = app_of(platform, disk_trouble=lambda: "little room is left", troubles=troubles)
    answer = await get(app, "/healthcheck")
    assert answer.body == b"ok, but little room is left; a namespace is not ready"
