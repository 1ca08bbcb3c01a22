"""What the process executor does after a crash, and with the folders of attempts that have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.attempts.bundle import task_command
from tests.attempts.harness import Harness, eventually
from tests.attempts.specs import attempt
from tests.present import failure
from tests.process_executor.running import alive, log_of, on_executor

from alula.server.executor import AttemptSpec
from alula.server.executors.process import executor
from alula.server.executors.process.ending import earlier_end
from alula.server.executors.process.wire import End
from alula.server.untrusted import Tree


def test_many_attempts_each_end_once(tmp_path, bundle):
    specs = [attempt(tmp_path, *task_command(bundle, "seven"), index=i, outputs=True) for i in range(200)]

    async def scenario(harness: Harness):
        for spec in specs:
            harness.executor.submit(spec)
        await harness.until(lambda: all(harness.has_ended(spec) for spec in specs))
        return [[each.phase for each in harness.of(spec) if each.phase != "QUEUED"] for spec in specs]

    assert on_executor(tmp_path, scenario) == [["RUNNING", "SUCCEEDED"]] * 200
    assert len(list((tmp_path / "bundles").iterdir())) == 1


HOST = """
import asyncio, sys
from pathlib import Path
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.options import ProcessOptions
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt
from tests.process_executor.test_again import crash_specs

async def main():
    data = Path(sys.argv[1])
    executor = ProcessExecutor(data, ProcessOptions(cpu_millicores=4000))
    harness = Harness(executor)
    await executor.start(harness.sink)
    finished, *others = crash_specs(data)
    await harness.run(finished)
    for spec in others:
        executor.submit(spec)
    await harness.until(lambda: all(harness.of(spec, "RUNNING") for spec in others))
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def crash_specs(data: Path) -> list[AttemptSpec]:
    bundle = str(data / "code.tar.gz")
    once = f"echo x >> {data}/finished"
    twice = (
        f"echo x >> {data}/interrupted; sleep 600 & echo $! >> {data}/pids; echo $$ >> {data}/pids; "
        f"test -f {data}/again || wait; kill $!"
    )
    return [
        attempt(data, "sh", "-c", once),
        attempt(data, "sh", "-c", twice, node="n1"),
        attempt(data, *task_command(bundle, "sleep"), node="n2"),
    ]


@pytest.mark.parametrize("servers_are", ["stopped", "killed"])
def test_after_a_crash_what_finished_is_reported_and_what_ran_is_ended_and_starts_again(tmp_path, bundle, servers_are):
    host = subprocess.Popen([sys.executable, "-c", HOST, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    eventually(lambda: len((tmp_path / "pids").read_text().split()) == 2)
    pids = [int(each) for each in (tmp_path / "pids").read_text().split()]
    servers = [int(each.name) for each in (tmp_path / "work/servers").iterdir()]
    if servers_are == "stopped":
        os.kill(servers[0], signal.SIGSTOP)  # one fork server can't see that its platform is gone
    else:
        host.send_signal(signal.SIGSTOP)
        for server in servers:
            os.kill(server, signal.SIGKILL)
    host.kill()
    host.wait()
    host.stdout.close()
    (tmp_path / "again").touch()
    finished, interrupted, sleeping = crash_specs(tmp_path)

    async def scenario(harness: Harness):
        assert not any(alive(pid) for pid in [*pids, *servers])
        await harness.executor.reconcile([finished, interrupted], owner="here")
        await harness.until(lambda: harness.has_ended(finished) and harness.has_ended(interrupted))
        assert [each.phase for each in harness.of(finished)] == ["SUCCEEDED"]
        assert harness.end_of(interrupted).phase == "SUCCEEDED"
        assert harness.of(sleeping) == []

    on_executor(tmp_path, scenario)
    assert (tmp_path / "finished").read_text() == "x\n"
    assert (tmp_path / "interrupted").read_text() == "x\nx\n"
    assert "starts again" in log_of(interrupted)


def test_an_end_is_reported_again_until_it_is_acknowledged(tmp_path):
    spec = attempt(tmp_path, "sh", "-c", f"echo x >> {tmp_path}/ran")

    async def scenario(harness: Harness):
        await harness.run(spec)
        await harness.executor.reconcile([spec], owner="here")
        await harness.until(lambda: len(harness.of(spec, "SUCCEEDED")) == 2)
        harness.executor.acknowledge([spec.id])

    on_executor(tmp_path, scenario)
    assert (tmp_path / "ran").read_text() == "x\n"
    assert not Path(spec.output_prefix).exists()


def test_what_others_may_want_stays_after_the_acknowledgement(tmp_path):
    quiet = attempt(tmp_path, "true", index=0)
    talks = attempt(tmp_path, "echo", "hello", index=1)
    fails = attempt(tmp_path, "sh", "-c", "echo no luck; exit 3", index=2)
    leaves = attempt(tmp_path, "sh", "-c", "touch {{.outputPrefix}}/deck.html {{.outputPrefix}}/model", index=3)
    not_yet = attempt(tmp_path, "true", index=4)
    specs = [quiet, talks, fails, leaves, not_yet]

    async def scenario(harness: Harness):
        for spec in specs:
            await harness.run(spec)
        for _ in range(2):
            harness.executor.acknowledge([spec.id for spec in (quiet, talks, fails, leaves)])
        harness.executor.acknowledge([attempt(tmp_path, "true", node="unknown").id])

    on_executor(tmp_path, scenario)
    assert not Path(quiet.output_prefix).parent.exists()
    assert (log_of(talks), log_of(fails)) == ("hello\n", "no luck\n")
    left = {spec.id.index: sorted(os.listdir(spec.output_prefix)) for spec in specs[1:]}
    assert left == {1: ["log.txt"], 2: ["log.txt"], 3: ["deck.html", "model"], 4: ["exit.json", "log.txt"]}


def test_an_attempt_sees_nothing_of_the_one_whose_folder_it_has(tmp_path):
    specs = [attempt(tmp_path, "sh", "-c", "ls -A {{.outputPrefix}}; pwd >&2", index=index) for index in range(6)]
    silent = [attempt(tmp_path, "touch", "{{.outputPrefix}}/outputs.pb", index=index) for index in range(6, 12)]

    async def scenario(harness: Harness):
        for before, spec in zip(silent, specs, strict=True):
            await harness.run(before)
            harness.executor.acknowledge([before.id])
            await harness.run(spec)
            assert log_of(spec).splitlines()[:-1] == ["log.txt"]

    on_executor(tmp_path, scenario)


def test_what_can_not_be_told_of_one_attempt_after_a_crash_fails_that_one_alone(tmp_path, monkeypatch):
    odd, other = (attempt(tmp_path, "true", node=node) for node in ("odd", "other"))

    def broken_end(spec: AttemptSpec, tree: Tree) -> End | None:
        if spec.id == odd.id:
            raise ValueError("nobody thought of this")
        return earlier_end(spec, tree)

    async def scenario(harness: Harness):
        monkeypatch.setattr(executor, "earlier_end", broken_end)
        await harness.executor.reconcile([odd, other], owner="here")
        await harness.until(lambda: harness.has_ended(odd) and harness.has_ended(other))
        assert failure(harness.end_of(odd)).kind == "SYSTEM"
        assert harness.end_of(other).phase == "SUCCEEDED"

    on_executor(tmp_path, scenario)
