"""Names that are derived from ids are as different as the ids."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alula.core.ids import AttemptId, ExecutionId, unique_key

WORDS = st.text("aAn0-/.[]é\udcff", max_size=4) | st.sampled_from(["run", "n0", "dn0", "Load", "load", "x" * 64])
IDS = st.tuples(
    st.builds(
        AttemptId,
        st.builds(ExecutionId, WORDS, WORDS, WORDS),
        WORDS,
        st.integers(0, 12),
        st.integers(-1, 12),
    ),
    st.sampled_from(["", "a", "b"]),
)


def run(name: str, node: str, attempt: int = 0, index: int = -1, project: str = "p") -> tuple[AttemptId, str]:
    return AttemptId(ExecutionId(project, "d", name), node, attempt, index), ""


@settings(max_examples=500, deadline=None)
@given(IDS, IDS)
@example(run("run", "n0-0-dn0"), run("run-n0-0", "dn0"))
@example(run("run", "Load"), run("run", "load"))
@example(run("run", "n0", index=3), run("run", "n0-n3"))
@example(run("run", "n0"), run("run", "n0", project="q"))
@example((run("run", "n0")[0], "a"), (run("run", "n0")[0], "b"))
def test_keys_are_the_same_for_the_same_attempt_only(one: tuple[AttemptId, str], other: tuple[AttemptId, str]) -> None:
    keys = [unique_key(*each) for each in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    for key in keys:
        assert len(key) <= 50
        assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])", key)


def test_a_key_begins_with_what_is_readable() -> None:
    assert unique_key(*run("nightly", "n0", 2, 7)).startswith("nightly-n0-n7-2-")
