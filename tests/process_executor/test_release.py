"""Attempts that the process executor lets go of: another runner may run them anew in the same folders."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.attempts.harness import Harness, eventually
from tests.attempts.specs import attempt
from tests.process_executor.running import log_of, on_executor

from alula.server.executors.process.leftovers import process


def test_a_released_attempt_is_killed_at_once_and_its_folder_is_left_to_the_new_owner(tmp_path):
    spec = attempt(tmp_path, "sh", "-c", "trap '' TERM; sleep 600 & echo $! $$; wait; wait")

    async def scenario(harness: Harness):
        harness.executor.submit(spec)
        await harness.until(lambda: harness.of(spec, "RUNNING"))
        await asyncio.to_thread(eventually, lambda: log_of(spec))
        pids = [int(each) for each in log_of(spec).split()]
        outputs = Path(spec.output_prefix, "outputs.pb")
        outputs.write_text("the new owner's")
        harness.executor.release([spec.id, attempt(tmp_path, "true", node="unknown").id])
        await asyncio.to_thread(eventually, lambda: not any(process(pid) for pid in pids))
        await harness.run(attempt(tmp_path, "true", node="n1", cpu_millicores=2000))
        assert [each.phase for each in harness.of(spec)] == ["RUNNING"]
        assert sorted(os.listdir(spec.output_prefix)) == ["log.txt", "outputs.pb"]
        assert outputs.read_text() == "the new owner's"

    on_executor(tmp_path, scenario, kill_grace_s=600, cpu_millicores=2000)


def test_the_results_of_an_attempt_that_was_released_after_its_end_stay(tmp_path):
    spec = attempt(tmp_path, "echo", "hello")

    async def scenario(harness: Harness):
        await harness.run(spec)
        harness.executor.release([spec.id])
        harness.executor.acknowledge([spec.id])

    on_executor(tmp_path, scenario)
    assert sorted(os.listdir(spec.output_prefix)) == ["exit.json", "log.txt"]
