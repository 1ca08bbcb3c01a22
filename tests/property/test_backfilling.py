"""Whatever ends in whichever order, and whoever pauses it: a backfill starts each slot once and comes to its end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from alula.core.policy.backfilling import BackfillState, Counts, Rules, SlotState, cancelled, next_step

RULES = st.builds(Rules, at_once=st.integers(1, 4), stops=st.booleans())
MOVES = st.lists(st.sampled_from(["start", "succeed", "fail", "there", "refuse", "pause", "resume", "cancel"]))


@settings(max_examples=300, deadline=None)
@given(rules=RULES, slots=st.integers(0, 12), moves=MOVES, room=st.none() | st.integers(0, 3))
def test_a_backfill_keeps_to_its_limits_and_ends(rules: Rules, slots: int, moves: list[str], room: int | None) -> None:
    state, counts = BackfillState.RUNNING, Counts(waiting=slots)
    finish = ["resume", "start", "succeed"] * (slots + 1)
    for number, move in enumerate([*moves, *finish]):
        step = next_step(state, counts, rules, room=room if number < len(moves) else None)
        if step.end is not None:
            state = step.end
            break
        assert step.starts == 0 or (state is BackfillState.RUNNING and not (rules.stops and counts.failed))
        assert counts.running + step.starts <= rules.at_once and step.starts <= counts.waiting
        match move:
            case "start" | "there" | "refuse" if step.starts:
                after = {"start": SlotState.RUNNING, "there": SlotState.THERE, "refuse": SlotState.FAILED}[move]
                counts = counts.moved(SlotState.WAITING, after)
            case "succeed" | "fail" if counts.running:
                after = SlotState.SUCCEEDED if move == "succeed" else SlotState.FAILED
                counts = counts.moved(SlotState.RUNNING, after)
            case "pause" | "resume" if state is not BackfillState.CANCELLING:
                state = BackfillState.PAUSED if move == "pause" else BackfillState.RUNNING
            case "cancel":
                state = cancelled(counts)
                if state.is_terminal:
                    break
            case _:
                pass
        assert counts.waiting + counts.running + counts.succeeded + counts.failed + counts.there == slots
    assert state.is_terminal and counts.running == 0
    assert (state is BackfillState.SUCCEEDED) <= (counts.waiting == 0 and counts.failed == 0)
