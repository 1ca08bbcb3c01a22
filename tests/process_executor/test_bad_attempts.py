"""Attempts that can't be prepared or ended in the ordinary way: each fails by itself, and holds nothing afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest
from tests.attempts.bundle import make_bundle, task_command
from tests.attempts.harness import Harness, eventually
from tests.attempts.specs import attempt
from tests.present import failure
from tests.process_executor.running import log_of, on_executor, run_one

from alula.server.executors.process import bundles, driver
from alula.server.executors.process.leftovers import process


@pytest.mark.parametrize(
    ("environment", "command", "code"),
    [
        ({"A=B": "x"}, ("true",), "BadVariable"),
        ({"": "x"}, ("true",), "BadVariable"),
        ({"A\0B": "x"}, ("true",), "BadVariable"),
        ({"A": "x\0y"}, ("true",), "BadVariable"),
        ({"FLYTE_ATTEMPT_NUMBER": "\0"}, ("true",), "BadVariable"),
        ({"A": "x" * 200_000}, ("true",), "CommandTooLong"),
        ({f"A{i}": "x" * 100_000 for i in range(30)}, ("true",), "CommandTooLong"),
        ({}, ("true", "x" * 200_000), "CommandTooLong"),
        ({}, ("true", *["x" * 100_000] * 30), "CommandTooLong"),
        ({}, ("true", "x\0y"), "BadCommand"),
        ({}, ("tr\0ue",), "BadCommand"),
        ({}, ("alula-execute", "--code", "/a\0b", "--", "task-module", "x"), "BadCommand"),
        ({}, ("alula-execute", "--code", "/dev/zero", "--", "task-module", "x"), "BundleNotReadable"),
        ({}, ("alula-execute", "--code", "/tmp", "--", "task-module", "x"), "BundleNotReadable"),
    ],
)
def test_what_no_process_can_be_given_is_a_failure_and_holds_nothing(tmp_path, environment, command, code):
    good = attempt(tmp_path, "true", node="good", cpu_millicores=2000)

    async def scenario(harness: Harness):
        for i in range(5):
            end = await harness.run(attempt(tmp_path, *command, node=f"n{i}", environment=environment))
            error = failure(end)
            assert (error.code, error.kind, error.recoverable) == (code, "USER", False)
        return await harness.run(good)

    assert on_executor(tmp_path, scenario, cpu_millicores=2000).phase == "SUCCEEDED"


def test_no_secret_of_the_platform_is_in_the_environment_of_an_attempt_or_of_what_started_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "hush")
    show = "def show():\n    print(open('/proc/self/environ').read(), open(f'/proc/{os.getppid()}/environ').read())\n"
    bundle = make_bundle(tmp_path / "code.tar.gz", {"show.py": f"import os\n{show}"})
    forked = attempt(tmp_path, *task_command(bundle, "show", module="show"), environment={"OWN": "mine"})
    executed = attempt(tmp_path, "sh", "-c", "env; cat /proc/$PPID/environ", node="n1", environment={"OWN": "mine"})
    for spec in (forked, executed):
        assert run_one(tmp_path, spec).phase == "SUCCEEDED"
        assert "hush" not in log_of(spec)
        assert "OWN=mine" in log_of(spec)


def test_resources_that_are_none_are_refused(tmp_path):
    odd = attempt(tmp_path, "true", cpu_millicores=-1), attempt(tmp_path, "true", number=1, memory_bytes=-5)
    for end in (run_one(tmp_path, spec) for spec in odd):
        assert failure(end).code == "InvalidResources"


def test_the_longest_variable_and_argument_still_arrive(tmp_path):
    words = ("sh", "-c", "echo ${#A} ${#1}", "x", "y" * 131_071)
    spec = attempt(tmp_path, *words, environment={"A": "x" * (131_071 - len("A="))})
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    assert log_of(spec) == "131069 131071\n"


def test_what_is_cancelled_while_it_is_prepared_holds_nothing(tmp_path, monkeypatch):
    opened = threading.Event()

    def open_slowly(*_):
        opened.wait()
        raise OSError("too late")

    monkeypatch.setattr(bundles, "open_archive", open_slowly)
    slow = [attempt(tmp_path, *task_command("/code", "x"), node=f"n{i}", cpu_millicores=1000) for i in range(2)]
    good = attempt(tmp_path, "true", node="good", cpu_millicores=2000)

    async def scenario(harness: Harness):
        for spec in slow:
            harness.executor.submit(spec)
        await asyncio.sleep(0)
        for spec in slow:
            harness.executor.cancel(spec.id)
        await harness.run(good)
        opened.set()
        assert [each.id for each in harness.updates] == [good.id] * 2

    on_executor(tmp_path, scenario, cpu_millicores=2000)


def test_a_fork_server_that_does_not_even_end_an_attempt_is_killed(tmp_path, monkeypatch):
    bundle = make_bundle(tmp_path / "code.tar.gz")
    monkeypatch.setattr(driver, "KILL_TIMEOUT_S", 0.05)
    stuck = attempt(tmp_path, *task_command(bundle, "sleep"), cpu_millicores=2000)
    good = attempt(tmp_path, *task_command(bundle, "seven"), node="n1", outputs=True, cpu_millicores=2000)

    async def scenario(harness: Harness):
        harness.executor.submit(stuck)
        await harness.until(lambda: harness.of(stuck, "RUNNING"))
        for each in (tmp_path / "work/servers").iterdir():
            os.kill(int(each.name), signal.SIGSTOP)
        harness.executor.cancel(stuck.id)
        assert (await harness.run(good)).phase == "SUCCEEDED"
        assert not harness.has_ended(stuck)

    on_executor(tmp_path, scenario, kill_grace_s=0, cpu_millicores=2000)


LEAVE = """
import os, subprocess, sys
def leave():
    # Each in a session of its own, one of them without the environment of the task.
    for environment in (None, {}):
        process = subprocess.Popen(["sleep", "600"], env=environment, start_new_session=environment is None)
        print(process.pid, flush=True)
    import time
    time.sleep(600)
"""


def test_what_a_fork_server_leaves_that_was_killed_is_ended_and_nobody_else(tmp_path):
    bundle = make_bundle(tmp_path / "code.tar.gz", {"leave.py": LEAVE})
    spec = attempt(tmp_path, *task_command(bundle, "leave", module="leave"))
    command = attempt(tmp_path, "sh", "-c", "setsid sleep 600 & echo $! $$; wait", node="n1")

    async def scenario(harness: Harness):
        for each in (spec, command):
            harness.executor.submit(each)
        await harness.until(lambda: harness.of(spec, "RUNNING") and harness.of(command, "RUNNING"))
        await asyncio.to_thread(eventually, lambda: len((log_of(spec) + log_of(command)).split()) == 4)
        pids = [int(each) for each in (log_of(spec) + log_of(command)).split()]
        bystander = await asyncio.create_subprocess_exec("sleep", "600", cwd=spec.output_prefix)
        for each in (tmp_path / "work/servers").iterdir():
            os.kill(int(each.name), signal.SIGKILL)
        await harness.until(lambda: harness.has_ended(spec) and harness.has_ended(command))
        assert [pid for pid in pids if process(pid) is not None] == []
        assert bystander.returncode is None
        bystander.kill()
        await bystander.wait()

    on_executor(tmp_path, scenario, cpu_millicores=2000)
