"""Which processes are ended as a platform's own, and which are not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.attempts.harness import eventually

from alula.server.executors.process import leftovers
from alula.server.executors.process.leftovers import MARK, Register, end_marked, process, with_descendants

Start = Callable[..., int]


def start_time(pid: int) -> int:
    found = process(pid)
    assert found is not None
    return found.start_time


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `sh` with a script and variables, in a session of its own; returns what the script printed first."""
    started: list[int] = []

    def start(script: str, mark: str = "", cwd: str | Path | None = None, stderr: BinaryIO | None = None) -> int:
        environment = {"PATH": os.environ["PATH"], **({MARK: mark} if mark else {})}
        shell = subprocess.Popen(
            ["sh", "-c", script],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            cwd=cwd,
        )
        assert shell.stdout is not None
        started.append(int(shell.stdout.readline()))
        shell.stdout.close()
        shells.append(shell)
        return started[-1]

    shells: list[subprocess.Popen[bytes]] = []
    yield start
    for shell in shells:
        shell.kill()
        shell.wait()
    for pid in started:
        if process(pid) is not None:
            os.kill(pid, 9)


def is_gone(pid: int) -> bool:
    return process(pid) is None


def test_what_has_the_mark_is_ended_with_all_that_belongs_to_it(start: Start) -> None:
    daemon = start("setsid sleep 600 & echo $!", "1-2/3")
    below = start("env -i setsid sleep 600 & echo $!; wait", "1-2/3")
    in_session = start("(env -i sleep 600 & echo $!); sleep 600", "1-2")
    end_marked("1-2")
    for pid in (daemon, below, in_session):
        eventually(lambda pid=pid: is_gone(pid))


def test_the_oldest_is_ended_first_whatever_the_ids(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start("echo $$; exec sleep 600", "4-4")
    last = first
    while start_time(last) == start_time(first):  # a tick of the kernel's clock
        last = start("echo $$; exec sleep 600", "4-4")
    found = leftovers.processes
    monkeypatch.setattr(leftovers, "processes", lambda: found()[::-1])
    killed = end_marked("4-4")
    assert [each.start_time for each in killed] == sorted(each.start_time for each in killed)
    assert killed[-1].pid == last


def test_only_whole_parts_of_a_mark_count(start: Start) -> None:
    others = [start("echo $$; exec sleep 600", mark) for mark in ("1-23", "1-2/34", "11-2/3", "")]
    wanted = start("echo $$; exec sleep 600", "1-2/3")
    killed = end_marked("1-2/3")
    assert [each.pid for each in killed] == [wanted]
    assert not any(is_gone(pid) for pid in others)


def test_a_session_that_is_known_is_ended_whatever_is_in_its_environment(start: Start) -> None:
    pid = start("echo $$; env -i sleep 600 & wait")
    assert {each.session for each in end_marked("nobody", sessions=[pid])} == {pid}


def test_who_looks_is_spared_with_those_that_started_it(tmp_path: Path) -> None:
    look = "import sys; from alula.server.executors.process.leftovers import end_marked; end_marked('7-7'); print('on')"
    script = f'"{sys.executable}" -c "{look}"; echo also'
    done = subprocess.run(
        ["sh", "-c", script], env={**os.environ, MARK: "7-7/1"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["on", "also"]


def test_an_id_that_was_given_to_another_process_is_not_taken_for_its_own(tmp_path: Path, start: Start) -> None:
    servers = tmp_path / "servers"
    register = Register(servers, tmp_path)
    servers.mkdir()
    other, own = (start("echo $$; exec sleep 600") for _ in range(2))
    register.add(own)
    (servers / str(other)).write_text("12345")
    assert [each.pid for each in register.end_all()] == [own]
    assert list(servers.iterdir()) == []


def test_who_works_in_the_data_folder_or_reads_there_is_left_alone(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "objects"
    folder.mkdir()
    at_work = start("echo $$; exec sleep 600", cwd=folder)
    with (folder / "log.txt").open("w") as log:
        writing = start("echo $$; exec sleep 600", cwd="/", stderr=log)
    Register(tmp_path / "servers", tmp_path).end_all()
    assert not is_gone(at_work)
    assert not is_gone(writing)


def test_a_stray_file_among_the_registered_is_left_alone(tmp_path: Path) -> None:
    servers = tmp_path / "servers"
    (servers / "4194300").mkdir(parents=True)
    for name, text in (("notes.txt", b"mine"), ("4194301", b"\xff\xfe"), ("4194302", b""), ("4194303", b"9" * 9999)):
        (servers / name).write_bytes(text)
    os.mkfifo(servers / "4194304")
    assert Register(servers, tmp_path).end_all() == []
    assert {each.name for each in servers.iterdir()} == {"notes.txt", "4194300", "4194304"}


def test_a_long_chain_of_processes_is_followed_to_its_end() -> None:
    from alula.server.executors.process.leftovers import Process

    chain = [Process(pid, pid - 1, 1, 1) for pid in range(1, 5000)]
    assert len(with_descendants([1], chain)) == 4999
