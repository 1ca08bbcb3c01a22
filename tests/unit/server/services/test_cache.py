"""Which results of the catalog a question is about."""

from __future__ import annotations

import pytest

from alula.server.identity import Caller
from alula.server.services.cache import list_entries
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("source", ["a", "\ud7ff", "a\U0010ffff", "\U0010ffff", "\x7f", "é/"])
async def test_a_source_may_begin_with_any_text(platform: Platform, caller: Caller, source: str) -> None:
    assert await list_entries(platform, caller, "p", "d", source=source) == []
