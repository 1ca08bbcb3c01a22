"""What the process executor does besides the contract. Real processes; a task is a small program that writes its result
itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2
from tests.attempts.bundle import ENTRY, make_bundle, task_command
from tests.attempts.harness import Harness, eventually
from tests.attempts.specs import attempt
from tests.interpreters import find_python
from tests.present import failure, present
from tests.process_executor.running import alive, log_of, on_executor, run_one, value

from alula.core.literals.offloading import OffloadRule
from alula.server.executors.machine import machine_id
from alula.server.executors.process import executor as executor_module
from alula.server.executors.process import reader
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.memory import find_cgroups

MIB = 1024 * 1024


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


# How attempts end


def test_a_command_succeeds_and_its_output_is_the_log(tmp_path):
    spec = attempt(tmp_path, "sh", "-c", "echo out; echo err >&2; test -f {{.input}} && pwd")

    async def scenario(harness: Harness):
        await harness.run(spec)
        return harness.of(spec)

    running, end = on_executor(tmp_path, scenario)
    assert running.phase == "RUNNING"
    assert "a process of its own" in running.where
    assert (end.phase, end.outputs, end.futures) == ("SUCCEEDED", b"", None)
    out, err, folder = log_of(spec).splitlines()
    assert (out, err) == ("out", "err")
    assert not Path(folder).exists()


LARGE = """
def field(number, data):
    varint, size = b"", len(data)
    while size > 127:
        varint, size = varint + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + varint + bytes([size]) + data

def text(characters):  # LiteralMap{literals: {"o0": Literal{scalar{primitive{string_value}}}}}
    return field(1, field(1, b"o0") + field(2, field(1, field(1, field(3, b"x" * characters)))))
"""
"""What stands before a program that writes a text without protobuf."""


@pytest.mark.parametrize("characters", [1_000, 100_000, 5_000_000])
def test_large_outputs_are_reported_as_references(tmp_path, characters):
    program = f"{LARGE}\nopen(r'{{{{.outputPrefix}}}}/outputs.pb', 'wb').write(text({characters}))"
    spec = attempt(tmp_path, *python(program), outputs=True)
    spec.task.interface.outputs.variables["o0"].type.simple = types_pb2.STRING
    spec = msgspec.structs.replace(spec, offload=OffloadRule("/values", 50_000))
    end = run_one(tmp_path, spec)
    literal = literals_pb2.LiteralMap.FromString(present(end.outputs)).literals["o0"]
    if end.asides:
        [aside] = end.asides
        assert literal.offloaded_metadata.uri == aside.uri
        literal = literals_pb2.Literal.FromString(aside.data)
    assert bool(end.asides) == (characters >= 50_000)
    assert literal.scalar.primitive.string_value == "x" * characters


def test_results_that_can_not_be_read_for_their_size_fail_the_attempt(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "COMMAND", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    write = f"{LARGE}\nopen(r'{{{{.outputPrefix}}}}/outputs.pb', 'wb').write(text(5_000_000))"
    spec = attempt(tmp_path, *python(write), outputs=True)
    end = run_one(tmp_path, spec)
    assert (end.phase, failure(end).code, failure(end).recoverable) == ("FAILED", "OutputsNotReadable", True)
    assert "signal 9" in failure(end).message


def test_a_task_is_forked_and_gives_its_outputs(tmp_path, bundle):
    first = attempt(tmp_path, *task_command(bundle, "parent"), outputs=True)
    second = attempt(tmp_path, *task_command(bundle, "parent"), node="n1", outputs=True)

    async def scenario(harness: Harness):
        ends = [await harness.run(first), await harness.run(second)]
        return [value(end.outputs) for end in ends], harness.of(first, "RUNNING")[0].where

    parents, where = on_executor(tmp_path, scenario)
    assert parents[0] == parents[1]
    assert "a fork of a process that has imported tasks" in where
    assert log_of(first) == "imported\n"


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        (("sh", "-c", "echo oh no; exit 3"), "ExitCode", "status 3; it said last: oh no"),
        (("sh", "-c", "kill -SEGV $$"), "Killed", "SIGSEGV"),
        (("no-such-program", "x"), "CommandNotFound", "no-such-program"),
        (("sh", "-c", "exit 0"), "OutputsNotFound", "wrote no outputs.pb"),
        ((), "EmptyCommand", "no command"),
        (("echo", "{{.nonsense}}"), "UnknownTemplateVariable", "nonsense"),
        (("alula-execute", "--code", "/nowhere.tar.gz", "--", "task-module", "x"), "BundleNotFound", "/nowhere"),
    ],
)
def test_a_failure_has_its_own_code(tmp_path, command, code, text):
    end = run_one(tmp_path, attempt(tmp_path, *command, outputs=True))
    assert end.phase == "FAILED"
    assert failure(end).code == code
    assert text in failure(end).message


def test_an_uncaught_exception_is_in_the_log(tmp_path, bundle):
    spec = attempt(tmp_path, *task_command(bundle, "crash"), outputs=True)
    end = run_one(tmp_path, spec)
    assert failure(end).code == "ExitCode"
    assert "RuntimeError: no luck" in log_of(spec)
    assert "forkserver" not in log_of(spec)


def test_exit_handlers_and_threads_finish_before_the_process_ends(tmp_path, bundle):
    spec = attempt(tmp_path, *task_command(bundle, "at_exit"), outputs=True)
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    assert log_of(spec).splitlines() == ["imported", "thread done", "at exit"]


def test_a_task_does_not_see_the_configuration_of_whoever_started_the_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("FLYTECTL_CONFIG", "/somewhere")
    bundle = make_bundle(tmp_path / "code.tar.gz", {"data/x.csv": "1"})
    spec = attempt(tmp_path, *task_command(bundle, "home"), outputs=True)
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    home, folder, *rest = log_of(spec).splitlines()[1].split(" ", 2)
    assert home == str(tmp_path / "home")
    assert folder.startswith(str(tmp_path / "work/attempts/"))
    assert "['data', 'stand_in-1.dist-info', 'stand_in.py', 'tasks.py'] None" in rest[0]


def test_an_attempt_whose_files_are_not_here_is_refused(tmp_path):
    spec = msgspec.structs.replace(attempt(tmp_path, "true"), output_prefix="s3://bucket/x")
    assert failure(run_one(tmp_path, spec)).code == "ObjectsNotLocal"


# Limits


@pytest.mark.parametrize("control", ["cgroup", "sampled"])
def test_more_memory_than_the_limit_ends_all_processes_of_the_attempt(tmp_path, control):
    if control == "cgroup":
        cgroups = find_cgroups("alula-test-probe")
        if cgroups is None:
            pytest.skip("no cgroup may be made here")
        cgroups.close()
    code = "import os, time\nif os.fork(): os.wait(); os._exit(1)\nx = bytearray(300 << 20)\ntime.sleep(60)"
    spec = attempt(tmp_path, *python(code), memory_limit_bytes=100 * MIB)
    end = run_one(tmp_path, spec, memory_control=control)
    assert (failure(end).code, failure(end).kind, failure(end).recoverable) == ("OOMKilled", "USER", True)
    assert not list(Path("/sys/fs/cgroup").glob(f"**/alula-*/{os.getpid()}-*"))
    assert "100 MiB" in failure(end).message


@pytest.mark.parametrize("control", ["auto", "sampled"])
def test_address_space_and_shared_pages_are_not_counted(tmp_path, control):
    code = "import mmap, os, time\nm = mmap.mmap(-1, 8 << 30)\nif os.fork(): os.wait()\nelse: time.sleep(0.3)"
    spec = attempt(tmp_path, *python(code), memory_limit_bytes=100 * MIB)
    assert run_one(tmp_path, spec, memory_control=control).phase == "SUCCEEDED"


@pytest.mark.parametrize("then", ["", "; sleep 600"])
def test_a_task_that_prints_too_much_is_ended_and_its_log_cut(tmp_path, then):
    spec = attempt(tmp_path, "sh", "-c", f"head -c 100000000 /dev/zero{then}")
    end = run_one(tmp_path, spec, log_limit_bytes=MIB)
    assert failure(end).code == "LogLimitExceeded"
    assert "1 MiB" in failure(end).message
    assert "log_limit_bytes" in failure(end).message
    assert MIB <= (Path(spec.output_prefix) / "log.txt").stat().st_size < MIB + 200


@pytest.mark.parametrize("name", ["spawn", "daemon"])
def test_processes_left_behind_are_killed_and_named(tmp_path, bundle, name):
    spec = attempt(tmp_path, *task_command(bundle, name), outputs=True)
    end = run_one(tmp_path, spec, leftover_grace_s=0.1)
    assert failure(end).code == "ProcessesLeftBehind"
    pid, command = failure(end).message.split("killed: ")[1].split("; wait")[0].split(" ", 1)
    assert command
    assert not alive(int(pid))


def test_processes_left_behind_can_be_tolerated_but_not_kept(tmp_path, bundle):
    spec = attempt(tmp_path, "sh", "-c", "sleep 600 & echo $!")
    assert run_one(tmp_path, spec, leftover_grace_s=0.05, tolerate_leftovers=True).phase == "SUCCEEDED"
    assert not alive(int(log_of(spec)))


def test_a_process_that_ends_soon_after_its_task_is_fine(tmp_path):
    spec = attempt(tmp_path, "sh", "-c", "sleep 0.1 & exit 0")
    assert run_one(tmp_path, spec, leftover_grace_s=10).phase == "SUCCEEDED"


def test_an_attempt_larger_than_the_machine_fails_at_once(tmp_path):
    end = run_one(tmp_path, attempt(tmp_path, "true", cpu_millicores=64_000), cpu_millicores=2000)
    assert failure(end).code == "InsufficientResources"
    assert "64 CPU" in failure(end).message
    assert "2 CPU" in failure(end).message


def test_an_attempt_that_waits_says_what_for(tmp_path):
    long = attempt(tmp_path, "sleep", "600", cpu_millicores=2000)
    short = attempt(tmp_path, "true", node="n1", cpu_millicores=1000)

    async def scenario(harness: Harness):
        harness.executor.submit(long)
        harness.executor.submit(short)
        await harness.until(lambda: harness.of(short, "QUEUED"))
        assert "waits for 1 CPU (0 of 2 are free)" in harness.of(short)[0].reason
        harness.executor.cancel(long.id)
        await harness.until(lambda: harness.has_ended(short))
        assert not harness.has_ended(long)

    on_executor(tmp_path, scenario, cpu_millicores=2000)


# Cancel, stop


@pytest.mark.parametrize("stubborn", [False, True])
def test_cancel_ends_the_whole_group_and_reports_nothing(tmp_path, stubborn):
    trap = "trap '' TERM; " if stubborn else ""
    spec = attempt(tmp_path, "sh", "-c", f"{trap}sleep 600 & echo $! $$; wait; wait")

    async def scenario(harness: Harness):
        harness.executor.submit(spec)
        await harness.until(lambda: harness.of(spec, "RUNNING"))
        await asyncio.to_thread(eventually, lambda: log_of(spec))
        pids = [int(each) for each in log_of(spec).split()]
        harness.executor.cancel(spec.id)
        harness.executor.cancel(spec.id)
        await asyncio.to_thread(eventually, lambda: not any(alive(pid) for pid in pids))
        other = attempt(tmp_path, "true", node="n1", cpu_millicores=2000)
        await harness.run(other)  # the cancelled attempt holds nothing any more
        assert [each.phase for each in harness.of(spec)] == ["RUNNING"]

    on_executor(tmp_path, scenario, kill_grace_s=0.2, cpu_millicores=2000)


def test_what_is_wanted_again_while_it_still_dies_runs_again(tmp_path):
    spec = attempt(tmp_path, "sh", "-c", "trap '' TERM; echo up; sleep 600 & wait; wait")
    again = msgspec.structs.replace(spec, task=attempt(tmp_path, "true").task)

    async def scenario(harness: Harness):
        harness.executor.submit(spec)
        await harness.until(lambda: harness.of(spec, "RUNNING"))
        await asyncio.to_thread(eventually, lambda: "up" in log_of(spec))
        harness.executor.cancel(spec.id)
        harness.executor.submit(again)
        await harness.until(lambda: harness.has_ended(spec))
        assert harness.end_of(spec).phase == "SUCCEEDED"

    on_executor(tmp_path, scenario, kill_grace_s=0.2)


def test_a_stop_before_anything_has_started_is_silent(tmp_path):
    errors: list[object] = []

    async def scenario(harness: Harness):
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        harness.executor.submit(attempt(tmp_path, "true"))

    on_executor(tmp_path, scenario)
    assert errors == []


def test_cancel_before_the_start_and_of_the_unknown(tmp_path, bundle):
    waiting = attempt(tmp_path, "true", cpu_millicores=2000)
    importing = attempt(tmp_path, *task_command(bundle, "seven"), node="n1", cpu_millicores=2000)

    async def scenario(harness: Harness):
        harness.executor.submit(importing)
        harness.executor.submit(waiting)
        harness.executor.cancel(waiting.id)
        await asyncio.sleep(0)
        harness.executor.cancel(importing.id)
        harness.executor.cancel(attempt(tmp_path, "true", node="other").id)
        await harness.run(attempt(tmp_path, "true", node="n2", cpu_millicores=2000))
        assert [each.id.node_id for each in harness.updates] == ["n2", "n2"]

    on_executor(tmp_path, scenario, cpu_millicores=2000)


def test_an_attempt_that_waits_for_imports_says_so(tmp_path, bundle, monkeypatch):
    monkeypatch.setattr(executor_module, "NOTICE_S", 0)
    first, second = (attempt(tmp_path, *task_command(bundle, "seven"), node=node) for node in ("n0", "n1"))

    async def scenario(harness: Harness):
        await harness.run(first)
        await harness.run(second)
        assert [each.reason for each in harness.of(first, "QUEUED")] == ["waits for a process to import tasks"]
        assert harness.of(second, "QUEUED") == []

    on_executor(tmp_path, scenario)


def test_stop_ends_everything_at_once(tmp_path, bundle):
    spec = attempt(tmp_path, *task_command(bundle, "sleep"))
    pids: list[int] = []

    async def scenario(harness: Harness):
        harness.executor.submit(spec)
        await harness.until(lambda: harness.of(spec, "RUNNING"))
        await asyncio.to_thread(eventually, lambda: "sleeping" in log_of(spec))
        own = str(tmp_path / "work/attempts/")
        for each in os.listdir("/proc"):
            if (
                each.isdigit()
                and os.path.exists(f"/proc/{each}/cwd")
                and os.readlink(f"/proc/{each}/cwd").startswith(own)
            ):
                pids.append(int(each))

    on_executor(tmp_path, scenario)
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    assert not (Path(spec.output_prefix) / "exit.json").exists()


def standing_by() -> list[int]:
    """Forks of this process's fork servers that wait for an attempt."""

    def waits(pid: str) -> bool:
        try:
            stat = Path("/proc", pid, "stat").read_text()
            server = stat[stat.rindex(")") + 2 :].split()[1]
            own = Path("/proc", server, "stat").read_text()
        except OSError:
            return False
        return "(alula-standby)" in stat and own[own.rindex(")") + 2 :].split()[1] == str(os.getpid())

    return [int(each) for each in os.listdir("/proc") if each.isdigit() and waits(each)]


def test_a_fork_that_stands_by_may_be_killed(tmp_path, bundle):
    command = task_command(bundle, "seven")
    first, second = (attempt(tmp_path, *command, node=node, outputs=True) for node in ("n0", "n1"))

    async def scenario(harness: Harness):
        await harness.run(first)
        await asyncio.to_thread(eventually, standing_by)
        killed = set(standing_by())
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        # Once its server has buried it; an attempt that it had taken before would be lost with it, and retried.
        await asyncio.to_thread(eventually, lambda: killed.isdisjoint(standing_by()))
        return await harness.run(second)

    assert value(on_executor(tmp_path, scenario).outputs) == 7
    assert standing_by() == []


def test_the_start_of_a_short_attempt_is_reported_with_its_end(tmp_path, bundle):
    spec = attempt(tmp_path, *task_command(bundle, "seven"), outputs=True)

    async def scenario(harness: Harness):
        await harness.run(spec)
        return [(each.phase, each.at) for each in harness.of(spec) if each.phase != "QUEUED"]

    (running, started_at), (ended, ended_at) = on_executor(tmp_path, scenario)
    assert (running, ended) == ("RUNNING", "SUCCEEDED")
    assert started_at < ended_at


def test_cancel_at_any_moment_takes_nothing_else_along(tmp_path, bundle):
    steady = attempt(tmp_path, *task_command(bundle, "sleep"), node="steady")
    specs = [attempt(tmp_path, *task_command(bundle, "seven"), index=i) for i in range(60)]
    seen: dict[int, int] = {}

    async def scenario(harness: Harness):
        harness.executor.submit(steady)
        await harness.until(lambda: harness.of(steady))
        for i, spec in enumerate(specs):
            harness.executor.submit(spec)
            for _ in range(i % 6):
                await asyncio.sleep(0)
            harness.executor.cancel(spec.id)
            seen[i] = len(harness.of(spec))
        await harness.run(attempt(tmp_path, *task_command(bundle, "seven"), node="last"))
        assert [each.phase for each in harness.of(steady)] == ["RUNNING"]
        assert [len(harness.of(spec)) for spec in specs] == [seen[i] for i in range(60)]

    on_executor(tmp_path, scenario, cpu_millicores=64_000)


# Forks and what forbids them


def test_forked_attempts_draw_different_random_numbers(tmp_path, bundle):
    async def scenario(harness: Harness):
        specs = [attempt(tmp_path, *task_command(bundle, "draw"), node=f"n{i}", outputs=True) for i in range(4)]
        return {value((await harness.run(spec)).outputs) for spec in specs}

    assert len(on_executor(tmp_path, scenario)) == 4


def test_a_module_that_seeds_when_it_is_imported_gets_its_own_sequence(tmp_path):
    seeded = "import random\nrandom.seed(1)\nfrom tasks import draw\n"
    bundle = make_bundle(tmp_path / "code.tar.gz", {"seeded.py": seeded})
    specs = [
        attempt(tmp_path, *task_command(bundle, "draw", module="seeded"), node=f"n{i}", outputs=True) for i in (0, 1)
    ]

    async def scenario(harness: Harness):
        return [value((await harness.run(spec)).outputs) for spec in specs]

    expected = subprocess.run(
        [sys.executable, "-c", "import random; random.seed(1); print(random.getrandbits(40))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert on_executor(tmp_path, scenario) == [int(expected.stdout)] * 2


def test_an_attempt_sees_no_variable_of_the_one_before(tmp_path):
    show = (
        "import os\ndef show():\n    print({k: v for k, v in sorted(os.environ.items()) if k.startswith('FLYTE_')})\n"
    )
    bundle = make_bundle(tmp_path / "code.tar.gz", {"show.py": show})
    environments = (
        {"FLYTE_ATTEMPT_NUMBER": "0", "FLYTE_K8S_ARRAY_INDEX": "3"},
        {"FLYTE_ATTEMPT_NUMBER": "1"},
        {},
        {"FLYTE_K8S_ARRAY_INDEX": "4"},
    )
    command = task_command(bundle, "show", module="show")

    async def scenario(harness: Harness):
        # Each twice: the second is a fork that was made with the variables of the first.
        for i, environment in enumerate(each for each in environments for _ in range(2)):
            spec = attempt(tmp_path, *command, node=f"n{i}", environment=environment)
            await harness.run(spec)
            assert log_of(spec) == f"{environment}\n"

    on_executor(tmp_path, scenario)


def test_an_eager_attempt_takes_no_cpu_from_the_runs_that_it_waits_for(tmp_path):
    parents = [attempt(tmp_path, "sh", "-c", "until [ -e ../done ]; do sleep 0.01; done", node=f"n{i}") for i in (1, 2)]
    for parent in parents:
        parent.task.metadata.is_eager = True
    child = attempt(tmp_path, "sh", "-c", "touch ../done", node="n3", cpu_millicores=1000)

    async def scenario(harness: Harness):
        for parent in parents:
            harness.executor.submit(parent)
        await harness.until(lambda: all(harness.of(parent, "RUNNING") for parent in parents))
        assert (await harness.run(child)).phase == "SUCCEEDED"
        await harness.until(lambda: all(harness.has_ended(parent) for parent in parents))

    on_executor(tmp_path, scenario, cpu_millicores=1000)


def test_a_command_that_asks_for_it_finds_the_template_of_its_task(tmp_path):
    spec = attempt(tmp_path, "cp", "{{.taskTemplatePath}}", f"{tmp_path}/seen")
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    assert tasks_pb2.TaskTemplate.FromString((tmp_path / "seen").read_bytes()) == spec.task
    silent = attempt(tmp_path, "true", node="n1")
    run_one(tmp_path, silent)
    assert not (Path(silent.input_uri).parent / "task.pb").exists()


def test_attempts_are_told_how_to_reach_the_platform_unless_their_task_says_otherwise(tmp_path):
    way_back = {"FLYTE_PLATFORM_URL": "here:1", "ALULA_ENDPOINT": "here:1"}
    said = attempt(tmp_path, "sh", "-c", "echo $FLYTE_PLATFORM_URL $ALULA_ENDPOINT")
    own = attempt(tmp_path, *said.task.container.args, node="n1", environment={"FLYTE_PLATFORM_URL": "there:2"})

    async def run():
        executor = ProcessExecutor(tmp_path, platform={"ALULA_ENDPOINT": "a client's"}, way_back=way_back)
        harness = Harness(executor)
        await executor.start(harness.sink)
        for spec in (said, own):
            await harness.run(spec)
        await executor.stop()

    asyncio.run(run())
    assert [log_of(spec) for spec in (said, own)] == ["here:1 here:1\n", "there:2 here:1\n"]


@pytest.mark.parametrize("when", ["before", "after_in_parent", "after_in_child"])
def test_what_a_module_does_at_a_fork_is_done(tmp_path, when):
    hook = f"import os\nseen = []\nos.register_at_fork({when}=lambda: seen.append(os.getpid()))\n"
    show = "def show():\n    print(len(seen) > 1, os.getpid() in seen)\n"
    bundle = make_bundle(tmp_path / "code.tar.gz", {"hooked.py": hook + show})
    spec = attempt(tmp_path, *task_command(bundle, "show", module="hooked"))
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    expected = {"before": "True False", "after_in_parent": "False False", "after_in_child": "False True"}
    assert log_of(spec) == f"{expected[when]}\n"


def test_threads_and_event_loops_work_in_a_fork(tmp_path):
    source = """
import asyncio, concurrent.futures, logging, subprocess, sys, threading
def show():
    pool = concurrent.futures.ThreadPoolExecutor(2)
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    logging.warning("%s", sum(pool.map(abs, range(-3, 3))))
    print(asyncio.run(asyncio.to_thread(threading.active_count)) > 1, threading.current_thread().name)
    print(subprocess.run(["echo", "child"], capture_output=True, text=True, check=True).stdout.strip())
"""
    bundle = make_bundle(tmp_path / "code.tar.gz", {"threaded.py": source})
    spec = attempt(tmp_path, *task_command(bundle, "show", module="threaded"))
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    assert log_of(spec).splitlines() == ["9", "True MainThread", "child"]


UNLESS_AN_ATTEMPT = "import os, time\nif 'FLYTE_ATTEMPT_NUMBER' not in os.environ: "


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=[600], name='pump', daemon=True).start()",
            "the imports leave 1 threads running (pump)",
        ),
        (UNLESS_AN_ATTEMPT + "os._exit(9)", "status 9"),
        (UNLESS_AN_ATTEMPT + "os.abort()", "SIGABRT"),
        (UNLESS_AN_ATTEMPT + "time.sleep(600)", "0.5 s"),
        (UNLESS_AN_ATTEMPT + "raise KeyError('no number')", "no number"),
    ],
)
def test_imports_that_do_not_bear_a_fork_run_in_fresh_processes_and_say_why(tmp_path, source, why):
    bundle = make_bundle(tmp_path / "code.tar.gz", {"odd.py": f"{source}\nfrom tasks import seven\n"})
    odd = attempt(
        tmp_path,
        *task_command(bundle, "seven", module="odd"),
        outputs=True,
        environment={"FLYTE_ATTEMPT_NUMBER": "0"},
    )
    again = attempt(tmp_path, *odd.task.container.args, node="n1", outputs=True, environment=odd.environment)
    other = attempt(tmp_path, *task_command(bundle, "seven"), node="n2", outputs=True)

    async def scenario(harness: Harness):
        for spec in (odd, other):
            harness.executor.submit(spec)
        await harness.until(lambda: harness.has_ended(odd) and harness.has_ended(other))
        await harness.run(again)
        for spec in (odd, again):
            assert "a fresh process, because" in harness.of(spec, "RUNNING")[0].where
            assert why in harness.of(spec, "RUNNING")[0].where
        return [value(harness.end_of(spec).outputs) for spec in (odd, again, other)]

    timeout_s = 0.5 if "0.5 s" in why else 60
    assert on_executor(tmp_path, scenario, import_timeout_s=timeout_s) == [7, 7, 7]


def test_an_entry_point_may_say_what_to_do_before_a_fork(tmp_path):
    preload = "done = []\ndef preload(modules):\n    print('preload', *modules)\n"
    bundle = make_bundle(tmp_path / "code.tar.gz", {"stand_in.py": ENTRY + preload})
    spec = attempt(tmp_path, *task_command(bundle, "seven"), outputs=True)
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    assert log_of(spec).splitlines()[0] == "preload tasks"


def test_an_entry_point_may_foresee_what_the_next_attempts_do(tmp_path):
    foresee = "seen = []\ndef foresee(argv):\n    seen.append(argv)\n"
    show = "import stand_in\ndef show():\n    print([argv[-1] for argv in stand_in.seen])\n"
    bundle = make_bundle(tmp_path / "code.tar.gz", {"stand_in.py": ENTRY + foresee, "show.py": show})
    first, second = (attempt(tmp_path, *task_command(bundle, "show", module="show"), node=node) for node in ("a", "b"))

    async def scenario(harness: Harness):
        await harness.run(first)
        await asyncio.to_thread(eventually, standing_by)
        await harness.run(second)

    on_executor(tmp_path, scenario)
    assert (log_of(first), log_of(second)) == ("[]\n", "['show']\n")


def test_a_module_that_ends_its_process_fails_its_own_attempt_only(tmp_path):
    bundle = make_bundle(tmp_path / "code.tar.gz", {"bad.py": "import os\nos._exit(3)\n"})
    bad = attempt(tmp_path, *task_command(bundle, "x", module="bad"), outputs=True)
    good = attempt(tmp_path, *task_command(bundle, "seven"), node="n1", outputs=True)

    async def scenario(harness: Harness):
        harness.executor.submit(good)
        harness.executor.submit(bad)
        await harness.until(lambda: harness.has_ended(good) and harness.has_ended(bad))
        return harness.end_of(bad), harness.end_of(good)

    failed, succeeded = on_executor(tmp_path, scenario)
    assert (failure(failed).code, succeeded.phase) == ("ExitCode", "SUCCEEDED")
    assert "status 3" in failure(failed).message


def test_a_fork_server_that_is_killed_is_a_system_failure_and_leaves_nothing(tmp_path, bundle):
    spec = attempt(tmp_path, *task_command(bundle, "sleep"))
    again = attempt(tmp_path, *task_command(bundle, "seven"), number=1, outputs=True)

    async def scenario(harness: Harness):
        harness.executor.submit(spec)
        await harness.until(lambda: harness.of(spec, "RUNNING"))
        await asyncio.to_thread(eventually, lambda: "sleeping" in log_of(spec))
        for each in (tmp_path / "work/servers").iterdir():
            os.kill(int(each.name), signal.SIGKILL)
        await harness.until(lambda: harness.has_ended(spec))
        assert (await harness.run(again)).phase == "SUCCEEDED"
        return harness.end_of(spec)

    end = on_executor(tmp_path, scenario)
    assert (failure(end).code, failure(end).kind, failure(end).recoverable) == ("ForkServerLost", "SYSTEM", True)


# Environments


def test_the_environment_is_chosen_and_the_choice_explained(tmp_path, bundle):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    show = ("python", "-c", "import sys; print(sys.prefix)")
    mapped = attempt(tmp_path, *show, image="acme/etl:1")
    of_client = attempt(tmp_path, *show, node="n1", interpreter=str(venv / "bin/python"), interpreter_host=machine_id())
    elsewhere = attempt(tmp_path, *show, node="n2", interpreter=str(venv / "bin/python"), interpreter_host="elsewhere")
    without = attempt(tmp_path, "alula-execute", "--", "task-module", "x", node="n3", image="acme/etl:1")

    async def scenario(harness: Harness):
        for spec in (mapped, of_client, elsewhere, without):
            await harness.run(spec)
        wheres = [harness.of(spec, "RUNNING")[0].where for spec in (mapped, of_client, elsewhere)]
        return wheres, harness.end_of(without)

    (where_mapped, where_client, where_platform), missing = on_executor(
        tmp_path, scenario, environments=(f"acme/*={venv}",)
    )
    assert [log_of(spec).strip() for spec in (mapped, of_client)] == [str(venv)] * 2
    assert log_of(elsewhere).strip() == sys.prefix
    assert "mapped by 'acme/*'" in where_mapped
    assert "the Python of the client" in where_client
    assert "the platform's own Python" in where_platform
    assert failure(missing).code == "EntryPointNotFound"
    assert "acme/*" in failure(missing).message


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_the_environment_may_be_of_another_python_version(tmp_path, bundle, version):
    found = find_python(version)
    if found is None:
        pytest.skip(f"no Python {version} here")
    spec = attempt(tmp_path, *task_command(bundle, "seven"), outputs=True, image="x")

    async def scenario(harness: Harness):
        end = await harness.run(spec)
        return end, harness.of(spec, "RUNNING")[0].where

    end, where = on_executor(tmp_path, scenario, environments=(f"x={found}",))
    assert value(end.outputs) == 7
    assert "a fork of" in where
