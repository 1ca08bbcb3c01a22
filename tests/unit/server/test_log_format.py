"""The log as JSON: one line a record, whatever it holds, with the run that it is about."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from alula.core.ids import AttemptId, ExecutionId
from alula.server import incidents
from alula.server.log_format import formatter
from alula.server.log_limit import LogLimit
from alula.server.log_subject import Subject, about

RUN = ExecutionId("p", "development", "r1")


def line(text: str = "it happened", *args: object, of: Subject | None = None, **more: Any) -> dict[str, Any]:
    record = logging.getLogger("alula.x").makeRecord(
        "alula.x", logging.WARNING, "x.py", 1, text, args, more.get("exc_info"), extra=about(of)
    )
    written = formatter("json").format(record)
    assert written.isascii() and len(written.splitlines()) == 1
    return json.loads(written)


def test_a_record_has_its_time_level_logger_and_message() -> None:
    fields = line("%s ran", "it")
    assert fields.keys() == {"time", "level", "logger", "message"}
    assert (fields["level"], fields["logger"], fields["message"]) == ("WARNING", "alula.x", "it ran")
    assert fields["time"].endswith("Z") and fields["time"][10] == "T"


@pytest.mark.parametrize("text", ["two\nlines", "a\u2028b\x85c\x00d", "\udc80 half a character", 'quotes " and \\'])
def test_it_is_one_line_whatever_its_message_is(text: str) -> None:
    assert line(text)["message"] == text.replace("\udc80", "\\udc80")


def test_a_traceback_is_a_field() -> None:
    try:
        raise ValueError("no\nway")
    except ValueError:
        fields = line("it failed", exc_info=sys.exc_info())
    assert fields["message"] == "it failed"
    assert fields["exception"].startswith("Traceback") and "no\nway" in fields["exception"]


@pytest.mark.parametrize(
    ("subject", "fields"),
    [
        (None, {}),
        (RUN, {"project": "p", "domain": "development", "execution": "r1"}),
        (
            AttemptId(RUN, "n0", 2),
            {"project": "p", "domain": "development", "execution": "r1", "node": "n0", "attempt": 2},
        ),
        (
            AttemptId(RUN, "n0", 0, 7),
            {"project": "p", "domain": "development", "execution": "r1", "node": "n0", "attempt": 0, "index": 7},
        ),
    ],
)
def test_what_it_is_about_is_in_fields(subject: Subject | None, fields: dict[str, Any]) -> None:
    told = line(of=subject)
    assert {key: told[key] for key in told if key not in ("time", "level", "logger", "message")} == fields


def test_an_incident_has_its_id_and_its_run(caplog: pytest.LogCaptureFixture) -> None:
    failure = incidents.as_failure(ValueError("no"), "in r1", RUN)
    (record,) = caplog.records
    told = json.loads(formatter("json").format(record))
    assert told["incident"] in failure.message and told["execution"] == "r1" and "ValueError: no" in told["exception"]


def test_the_line_that_says_how_many_were_left_out_is_about_the_same(caplog: pytest.LogCaptureFixture) -> None:
    limit = LogLimit(lines_max=1, window_s=1e9)
    for _ in range(3):
        incidents.report(ValueError("no"), "in r1", RUN)
    for record in caplog.records[:2]:
        limit.filter(record)
    limit._window_s = 0.0
    limit.filter(caplog.records[2])
    told = json.loads(formatter("json").format(caplog.records[2]))
    assert "left out" in told["message"] and told["execution"] == "r1" and told["incident"]
