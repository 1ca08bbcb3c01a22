"""What apprise delivers: subject, text and link arrive at receivers of its protocols, or it is tried again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from tests.unit.server.test_notifications import ADA, Clock, Receiver, clock, ended, options, sent, timed

from alula.core.engine.records import ExecutionPhase
from alula.core.policy.notifying import TRIES_MAX, Rule
from alula.server.notifications.occasions import Occasions
from alula.server.notifications.options import Channel, NotificationOptions
from alula.server.services.notices import resend_notice
from alula.server.services.platform import Platform
from alula.server.store.notices import Notice, NoticeState

__all__ = ["clock", "timed"]
pytest.importorskip("apprise")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning"),  # what apprise imports
]
TOKEN = "3ccdd113474722377935511fc85d3dd4"
HALVES = "a" * 24 + "/" + "b" * 24
LINK = "http://alula.test/console/projects/flytesnacks/domains/development/executions/bad"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def given(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, url: str) -> NotificationOptions:
    """A rule for a channel whose URL is a secret, as every URL of apprise is."""
    monkeypatch.setenv("APPRISE_URL", url.format(receiver.host))
    return options(Rule("r", ("hook",)), channels=(Channel("hook", "apprise", url="env:APPRISE_URL"),))


async def told(platform: Platform, clock: Clock, settings: NotificationOptions, tries: int) -> Notice:
    linked = dataclasses.replace(platform, http_endpoint="http://alula.test")
    await Occasions(linked, settings).hear([await ended(linked, "bad", ExecutionPhase.FAILED)])
    return await sent(linked, clock, settings, tries)


def _json(*names: str) -> Callable[[bytes], str]:
    return lambda body: "\n".join(json.loads(body)[name] for name in names)


def _form(*names: str) -> Callable[[bytes], str]:
    return lambda body: "\n".join(parse_qs(body.decode())[name][0] for name in names)


def _xml(body: bytes) -> str:
    return "\n".join(ElementTree.fromstring(body).itertext())


@pytest.mark.parametrize(
    ("url", "path", "text_of"),
    [
        ("json://{}/in", "/in", _json("title", "message")),
        ("xml://{}/in", "/in", _xml),
        ("form://{}/in", "/in", _form("title", "message")),
        ("gotify://{}/secret", "/message", _json("title", "message")),
        ("ntfy://{}/runs", "/", _json("title", "message")),
        (f"mmost://{{}}/{TOKEN}", f"/hooks/{TOKEN}", _json("text")),
        (f"rocket://{HALVES}@{{}}/#runs", f"/hooks/{HALVES}", _json("text")),
        ("apprise://{}/token", "/notify", _form("title", "body")),
    ],
)
async def test_subject_text_and_link_arrive(
    timed: Platform,
    clock: Clock,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    path: str,
    text_of: Callable[[bytes], str],
) -> None:
    notice = await told(timed, clock, given(receiver, monkeypatch, url), 1)
    assert (notice.state, notice.tries) == (NoticeState.SENT, 1)
    (request,) = receiver.got
    assert request.path.startswith(path)
    text = text_of(request.body)
    assert "FAILED: execution flytesnacks/development/bad" in text and "workflow: etl@v1" in text
    assert LINK in text


@pytest.mark.parametrize("url", ["json://{}/in", f"mmost://{{}}/{TOKEN}", "ntfy://{}/runs"])
async def test_one_that_is_refused_is_tried_again_until_it_is_taken(
    timed: Platform, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    receiver.failures = 2
    notice = await told(timed, clock, given(receiver, monkeypatch, url), 5)
    assert (notice.state, notice.tries, len(receiver.got)) == (NoticeState.SENT, 3, 3)


async def test_what_nobody_takes_is_dead_and_says_so_without_the_url(
    timed: Platform, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.failures = 1_000
    settings = given(receiver, monkeypatch, f"mmost://{{}}/{TOKEN}")
    notice = await told(timed, clock, settings, TRIES_MAX + 2)
    assert (notice.state, notice.tries, len(receiver.got)) == (NoticeState.DEAD, TRIES_MAX, TRIES_MAX)
    assert notice.error == "apprise could not deliver it"
    receiver.failures = 0
    await resend_notice(timed, ADA, notice.id)
    assert (await sent(timed, clock, settings, 1)).state is NoticeState.SENT


async def test_a_url_that_apprise_does_not_know_is_told(
    timed: Platform, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = await told(timed, clock, given(receiver, monkeypatch, "moon://{}/in"), 1)
    assert (notice.state, notice.error) == (NoticeState.PENDING, "apprise does not understand the URL")
