"""Many runs are waited for by one list."""

from __future__ import annotations

import re
from concurrent.futures import wait

import pytest
from flyteidl.admin import execution_pb2
from tests.present import present

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import InvalidInput, Unavailable
from alula.sdk.client.ends import NAMES_PER_LIST, Ends

PATIENCE_S = 20


class Platform:
    """Lists runs, which have ended when it is asked for the second time. Raises `trouble` first."""

    def __init__(self, *trouble: Exception) -> None:
        self.trouble = list(trouble)
        self.asked: dict[str, int] = {}
        self.longest_list = 0

    def call(self, rpc, request):
        if self.trouble:
            raise self.trouble.pop(0)
        names = present(re.search(r"value_in\(name,([^)]*)\)", request.filters))[1].split(";")
        self.longest_list = max(self.longest_list, len(names))
        for name in names:
            self.asked[name] = self.asked.get(name, 0) + 1
        answer = rpc.answer()
        for name in names:
            if self.asked[name] > 1:
                run = answer.executions.add()
                run.id.name, run.closure.phase = name, ExecutionPhase.SUCCEEDED
        return answer


@pytest.fixture
def ends():
    made: list[Ends] = []

    def of(platform):
        made.append(Ends(platform, project="p", domain="d"))
        return made[-1]

    yield of
    for each in made:
        each.close()


def test_each_run_is_told_when_it_has_ended(ends):
    platform = Platform()
    waiting = ends(platform)
    futures = {name: waiting.of(name) for name in (f"r{number}" for number in range(NAMES_PER_LIST + 3))}
    assert waiting.of("r0") is futures["r0"] or futures["r0"].done()
    assert not wait(futures.values(), PATIENCE_S).not_done
    assert {name: future.result().id.name for name, future in futures.items()} == {name: name for name in futures}
    assert platform.longest_list <= NAMES_PER_LIST


def test_a_platform_that_was_away_is_asked_again(ends):
    end = ends(Platform(Unavailable("PlatformUnreachable", "away"), Unavailable("PlatformUnreachable", "away"))).of("r")
    assert isinstance(end.result(PATIENCE_S), execution_pb2.Execution)


def test_a_refusal_ends_the_waiting(ends):
    end = ends(Platform(InvalidInput("NotAllowed", "no"))).of("r")
    with pytest.raises(InvalidInput):
        end.result(PATIENCE_S)
