"""Secrets of channels that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from alula.core.errors import FailedPrecondition
from alula.server.notifications.channels import Undelivered, deliver, require_usable
from alula.server.notifications.options import Channel, NotificationOptions
from alula.server.notifications.writing import Message


@pytest.mark.parametrize(("name", "url", "key"), [("key", "http://x", "file:/nowhere/key"), ("url", "env:NOT_SET", "")])
def test_a_channel_whose_secret_is_not_there_is_refused_at_the_start(name: str, url: str, key: str) -> None:
    options = NotificationOptions(channels=(Channel("chat", "webhook", url=url, key=key),))
    with pytest.raises(FailedPrecondition, match=f"the `{name}` of channel `chat` is") as caught:
        require_usable(options, {})
    assert caught.value.code == "ChannelSecretMissing"


def test_a_secret_that_goes_later_is_told_with_the_notice(tmp_path: Path) -> None:
    channel = Channel("chat", "webhook", url="http://127.0.0.1:9", key=f"file:{tmp_path}/key")
    with pytest.raises(Undelivered, match=r"a secret of channel `chat` can't be had: .*key can't be read"):
        deliver(NotificationOptions(), channel, Message(id="m", subject="s", text="t", facts={}), now_s=0)
