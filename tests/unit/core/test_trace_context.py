"""W3C trace contexts, and span ids that follow from names."""

from __future__ import annotations

import pytest

from alula.core.policy.trace_context import TraceContext, context_in, launched_in, parse, span_id

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{SPAN}-01"


def test_a_traceparent_is_read_and_written() -> None:
    assert parse(GIVEN) == TraceContext(TRACE, SPAN, "01")
    assert str(parse(GIVEN)) == GIVEN
    later = parse(f"cc-{TRACE}-{SPAN}-00-what-later-versions-add")
    assert later is not None and not later.is_sampled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        GIVEN + "\n",
        " " + GIVEN,
    ],
)
def test_what_is_no_traceparent_is_none(text: str) -> None:
    assert parse(text) is None
    assert launched_in({"traceparent": text}) is None


def test_spans_of_a_run_have_ids_of_their_own_in_the_trace_of_its_launch() -> None:
    launch = launched_in({"traceparent": GIVEN})
    assert launch is not None
    names = [(), ("n0",), ("n1",), ("n0", 0, -1), ("n0", 1, -1), ("n0", 0, 3), ("n00", -1)]
    contexts = [context_in(launch, "i", *each) for each in names]
    assert {each.trace_id for each in contexts} == {TRACE}
    assert len({each.span_id for each in contexts}) == len(names)
    assert span_id("i", "n0") == contexts[1].span_id != span_id("another incarnation", "n0")
    assert all(parse(str(each)) == each for each in contexts)
