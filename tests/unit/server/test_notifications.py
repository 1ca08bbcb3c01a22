"""What happens becomes notices, once each, and notices reach real mail servers and HTTP receivers in the end."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec
import pytest
from aiosmtpd.controller import Controller
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.event import cloudevents_pb2
from google.protobuf.json_format import ParseDict
from tests.contract.store.records import audit, commit, execution

from alula.core.engine.records import ExecutionChange, ExecutionPhase, NodePhase, NodeRecord, SignalRecord
from alula.core.errors import NotFound, TaskError
from alula.core.ids import EntityId
from alula.core.policy.notifying import TRIES_MAX, Rule
from alula.server.identity import Caller
from alula.server.notifications.channels import signature
from alula.server.notifications.occasions import Occasions
from alula.server.notifications.options import Channel, NotificationOptions
from alula.server.notifications.sending import Sending
from alula.server.services.notices import list_notices, resend_notice
from alula.server.services.notices import test_rule as try_rule
from alula.server.services.platform import Platform
from alula.server.store.notices import Notice, NoticeState
from alula.server.store.outbox import OutboxMessage

pytestmark = pytest.mark.anyio
MINUTE_US = 60_000_000
ADA = Caller("ada")


class Clock:
    def __init__(self) -> None:
        self.now_us = 1_000 * MINUTE_US

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(platform: Platform, clock: Clock) -> Platform:
    return dataclasses.replace(platform, clock=clock, notification_rules={"r": ("hook",)})


def options(*rules: Rule, **more: Any) -> NotificationOptions:
    channel = Channel("hook", "webhook", url="http://127.0.0.1:9/")
    given: dict[str, Any] = {"channels": (channel,), "rules": rules, **more}
    return NotificationOptions(**given)


async def ended(
    platform: Platform, name: str, phase: ExecutionPhase, *, created_at: int = 10, spec: bytes = b"", **more: Any
) -> OutboxMessage:
    record = execution(name, created_at=created_at, spec=spec, incarnation="i", **more)
    await platform.store.executions.create(record, b"", audit())
    error = TaskError("USER:ValueError", "no cheese & milk") if phase is ExecutionPhase.FAILED else None
    change = ExecutionChange(phase, created_at + 1, error=error)
    assert await platform.store.log.commit([commit(record.id, 1, b"", execution=change)]) == [True]
    return OutboxMessage(1, "run", record.id, "i", "", int(phase), created_at + 1)


async def told(platform: Platform) -> list[tuple[str, str, str]]:
    found = await list_notices(platform, ADA)
    return sorted((each.rule, each.subject.rpartition("/")[2], each.occasion) for each in found)


async def test_an_end_is_told_once_to_the_rules_that_are_about_it(timed: Platform) -> None:
    rules = (
        Rule("r", ("hook",)),
        Rule("other", ("hook",), projects=("x",)),
        Rule("well", ("hook",), on=("SUCCEEDED",)),
    )
    occasions = Occasions(timed, options(*rules))
    failed = await ended(timed, "bad", ExecutionPhase.FAILED)
    well = await ended(timed, "good", ExecutionPhase.SUCCEEDED)
    for _ in range(2):  # messages come at least once
        await occasions.hear([failed, well])
    assert await told(timed) == [("r", "bad", "FAILED"), ("well", "good", "SUCCEEDED")]


async def test_the_first_failure_and_the_first_success_after_one_are_told(timed: Platform) -> None:
    occasions = Occasions(timed, options(Rule("r", ("hook",), on=("FIRST_FAILURE", "RECOVERED"))))
    phases = [ExecutionPhase.SUCCEEDED, *[ExecutionPhase.FAILED] * 2, *[ExecutionPhase.SUCCEEDED] * 2]
    for number, phase in enumerate(phases):
        await occasions.hear([await ended(timed, f"n{number}", phase, created_at=10 + number)])
    assert await told(timed) == [("r", "n1", "FIRST_FAILURE"), ("r", "n3", "RECOVERED")]


@pytest.mark.parametrize("disabled", [False, True])
async def test_a_run_brings_notifications_of_flyte_along(timed: Platform, disabled: bool) -> None:
    spec = execution_pb2.ExecutionSpec(disable_all=True) if disabled else execution_pb2.ExecutionSpec()
    if not disabled:
        for kind, address in (("email", "a@b"), ("slack", "c@d"), ("pager_duty", "a@b")):
            each = spec.notifications.notifications.add(phases=[ExecutionPhase.FAILED])
            getattr(each, kind).recipients_email.append(address)
    message = await ended(timed, "bad", ExecutionPhase.FAILED, spec=spec.SerializeToString())
    await Occasions(timed, options(smtp_host="mail")).hear([message])
    found = await list_notices(timed, ADA)
    assert [msgspec.msgpack.decode(each.body)["to"] for each in found] == ([] if disabled else [["a@b", "c@d"]])


async def test_what_is_more_than_a_rule_may_tell_is_kept_and_not_sent(timed: Platform) -> None:
    occasions = Occasions(timed, options(Rule("r", ("hook",), hourly_max=2)))
    for number in range(5):
        await occasions.hear([await ended(timed, f"n{number}", ExecutionPhase.FAILED, created_at=10 + number)])
    states = [each.state for each in await list_notices(timed, ADA)]
    assert states.count(NoticeState.PENDING) == 2 and states.count(NoticeState.LIMITED) == 3


async def test_a_gate_that_waits_is_told(timed: Platform) -> None:
    occasions = Occasions(timed, options(Rule("r", ("hook",), on=("GATE",))))
    record = execution("gated", incarnation="i")
    await timed.store.executions.create(record, b"", audit())
    nodes = [NodeRecord(name, NodePhase.RUNNING, 5) for name in ("gate", "task")]
    asked = [SignalRecord("go on?", "gate", created_at=5)]
    await timed.store.log.commit([commit(record.id, 1, b"", nodes=nodes, signals=asked)])
    await occasions.hear([OutboxMessage(n, "node", record.id, "i", node.node_id, 2, 5) for n, node in enumerate(nodes)])
    assert await told(timed) == [("r", "gated", "GATE")]


async def test_a_run_that_takes_long_is_told_while_it_runs(timed: Platform, clock: Clock) -> None:
    given = options(Rule("r", ("hook",), on=("LATE",), after_s=600))
    occasions = Occasions(timed, given)
    sending = Sending(timed, given, occasions)
    for name, age, phase in (("long", 11, ExecutionPhase.RUNNING), ("new", 9, ExecutionPhase.RUNNING)):
        record = execution(name, created_at=clock() - age * MINUTE_US, phase=phase)
        await timed.store.executions.create(record, b"", audit())
    await ended(timed, "over", ExecutionPhase.FAILED, created_at=clock() - 20 * MINUTE_US)
    lease = await timed.store.leases.claim("notifications", "a", lease_us=MINUTE_US)
    for _ in range(2):
        await sending(lease)
    assert await told(timed) == [("r", "long", "LATE")]
    clock.now_us += 2 * MINUTE_US
    await sending(lease)
    assert await told(timed) == [("r", "long", "LATE"), ("r", "new", "LATE")]


async def test_a_schedule_that_skips_is_told(timed: Platform) -> None:
    occasions = Occasions(timed, options(Rule("r", ("hook",), on=("MISSED",), launch_plans=("night*",))))
    for name in ("nightly", "daily"):
        await occasions.skipped(EntityId("p", "d", name, "v1"), "12:00: missed", 5)
    assert await told(timed) == [("r", "d/nightly@v1".rpartition("/")[2], "MISSED")]


class Request(NamedTuple):
    path: str
    headers: Message
    body: bytes


class Receiver:
    """An HTTP server that takes nothing for some requests."""

    def __init__(self, failures: int = 0) -> None:
        receiver, self.got = self, list[Request]()
        self.failures = failures

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(Request(self.path, self.headers, body))
                self.send_response(503 if len(receiver.got) <= receiver.failures else 200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/"

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver(failures=2)
    yield made
    made.stop()


async def sent(platform: Platform, clock: Clock, given: NotificationOptions, tries: int) -> Notice:
    """Try so many times to deliver all there is, and return the one notice."""
    sending = Sending(platform, given, Occasions(platform, given))
    lease = await platform.store.leases.claim("notifications", "a", lease_us=10**15)
    for _ in range(tries):
        await sending(lease)
        clock.now_us += 61 * MINUTE_US
    (notice,) = await list_notices(platform, ADA)
    return notice


async def test_a_webhook_is_signed_and_tried_again_until_it_is_taken(
    timed: Platform, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret")
    given = options(Rule("r", ("hook",)), channels=(Channel("hook", "webhook", url=receiver.url, key="env:HOOK_KEY"),))
    await Occasions(timed, given).hear([await ended(timed, "bad", ExecutionPhase.FAILED)])
    notice = await sent(timed, clock, given, 5)
    assert (notice.state, notice.tries, len(receiver.got)) == (NoticeState.SENT, 3, 3)
    assert {each.headers["Alula-Id"] for each in receiver.got} == {notice.id}
    _, headers, body = receiver.got[-1]
    assert headers["Alula-Signature"] == signature("s3cret", int(headers["Alula-Timestamp"]), body)
    assert json.loads(body)["error"] == "no cheese & milk"


async def test_cloud_events_have_flytes_type(timed: Platform, clock: Clock, receiver: Receiver) -> None:
    given = options(Rule("r", ("hook",)), channels=(Channel("hook", "cloudevents", url=receiver.url),))
    await Occasions(timed, given).hear([await ended(timed, "bad", ExecutionPhase.FAILED)])
    assert (await sent(timed, clock, given, 3)).state is NoticeState.SENT
    event = json.loads(receiver.got[-1].body)
    assert event["type"] == "com.flyte.resource.cloudevents.CloudEventWorkflowExecution"
    assert (event["id"], event["specversion"]) == ("bad.FAILED", "1.0")
    data = ParseDict(event["data"], cloudevents_pb2.CloudEventWorkflowExecution())
    raw = data.raw_event
    assert (raw.execution_id.name, raw.phase, raw.error.message) == ("bad", ExecutionPhase.FAILED, "no cheese & milk")
    assert data.launch_plan_id.resource_type == identifier_pb2.LAUNCH_PLAN
    assert data.principal == "ada"


async def test_what_nobody_takes_is_dead_and_can_be_sent_again(timed: Platform, clock: Clock) -> None:
    given = options(Rule("r", ("hook",)), channels=(Channel("hook", "webhook", url="http://127.0.0.1:9/"),))
    await Occasions(timed, given).hear([await ended(timed, "bad", ExecutionPhase.FAILED)])
    notice = await sent(timed, clock, given, TRIES_MAX + 2)
    assert (notice.state, notice.tries, notice.due_at) == (NoticeState.DEAD, TRIES_MAX, None)
    assert "refused" in notice.error
    await resend_notice(timed, ADA, notice.id)
    assert (await sent(timed, clock, given, 0)).state is NoticeState.PENDING
    with pytest.raises(NotFound):
        await resend_notice(timed, ADA, "nothing")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


async def test_mail_goes_to_a_server(timed: Platform, clock: Clock) -> None:
    got: list[Any] = []

    class Handler:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
            got.append(envelope)
            return "250 OK"

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        given = options(
            Rule(
                "r",
                ("ops",),
                subject="{{ name }} {{ phase }}\nBcc: x@y",
                text="{{ error }}\n{{ nothing }}\nend",
                html="<p>{{ error }}</p>",
            ),
            channels=(Channel("ops", "email", to=("ops@example.org",)),),
            smtp_host="127.0.0.1",
            smtp_port=controller.port,
            smtp_tls="none",
        )
        await Occasions(timed, given).hear([await ended(timed, "bad", ExecutionPhase.FAILED)])
        assert (await sent(timed, clock, given, 1)).state is NoticeState.SENT
    finally:
        controller.stop()
    (envelope,) = got
    assert envelope.rcpt_tos == ["ops@example.org"]
    head, _, _ = envelope.content.decode().replace("\r\n", "\n").partition("\n\n")
    assert "Subject: bad FAILED Bcc: x@y" in head and "\nBcc" not in head
    mail = message_from_bytes(envelope.content, policy=policy.default)
    text, rich = mail.iter_parts()
    assert text.get_content().split() == ["no", "cheese", "&", "milk", "end"]
    assert (rich.get_content_type(), rich.get_content().strip()) == ("text/html", "<p>no cheese &amp; milk</p>")


async def test_a_rule_can_be_tried(timed: Platform) -> None:
    (id,) = await try_rule(timed, ADA, "r")
    (notice,) = await list_notices(timed, ADA)
    assert (notice.id, notice.occasion, notice.channel) == (id, "TEST", "hook")
    with pytest.raises(NotFound, match="the settings have r"):
        await try_rule(timed, ADA, "nothing")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (options(Rule("r", ("nobody",))), "names channel `nobody`"),
        (options(Rule("r", ()), Rule("r", ())), "two of one name"),
        (options(channels=(Channel("a", "email"),)), "has no addresses"),
        (options(channels=(Channel("a", "email", to=("x@y",)),)), "sends mail"),
        (options(channels=(Channel("a", "webhook"),)), "has no `url`"),
        (options(channels=(Channel("a", "webhook", url="http://x", key="open"),)), "is a secret"),
        (options(channels=(Channel("a", "apprise", url="slack://token"),)), "is a secret"),
    ],
)
def test_what_can_not_be_told_is_a_problem_of_the_settings(given: NotificationOptions, problem: str) -> None:
    assert any(problem in text for _, text in given.problems())
