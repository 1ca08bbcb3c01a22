"""Starting, finding and stopping the platform: by the commands, with what can go wrong at once and in words."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import time
from pathlib import Path

import pytest
import yaml
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.api.test_executions import launch, register, wait_for
from tests.integration.platform import Platforms, alula

BAD_INPUT, UNREACHABLE = 2, 3


def test_it_says_in_one_line_that_it_is_ready_and_stops_on_sigterm(platforms: Platforms) -> None:
    platform = platforms.start()
    assert platform.stop() == 0
    (line,) = platform.log().splitlines()
    assert platform.grpc in line
    assert platform.http in line
    assert not (platform.data / "server.json").exists()


def test_ctrl_c_stops_it_gracefully(platforms: Platforms) -> None:
    platform = platforms.start()
    platform.process.send_signal(signal.SIGINT)
    assert platform.process.wait(timeout=20) == 0
    assert "Traceback" not in platform.log()


def test_a_second_platform_on_the_same_folder_ends_at_once_and_names_the_first(platforms: Platforms) -> None:
    first = platforms.start()
    second = platforms.start(ready=False)
    assert second.process.wait(timeout=20) == BAD_INPUT
    assert str(first.process.pid) in second.log()
    assert first.grpc in second.log()
    assert "Traceback" not in second.log()


def test_a_platform_whose_folder_was_removed_says_so_and_ends(platforms: Platforms) -> None:
    platform = platforms.start()
    while platform.data.exists():
        shutil.rmtree(platform.data, ignore_errors=True)  # the platform may be writing there
    assert platform.process.wait(timeout=30) == BAD_INPUT
    assert f"{platform.data} was removed or replaced while a platform ran on it" in platform.log()
    assert "Traceback" not in platform.log()


@pytest.mark.parametrize("port", ["grpc", "http"])
def test_a_taken_port_is_an_error_at_once_that_names_it(platforms: Platforms, port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        ports = {"grpc": "0", "http": "0", port: number}
        platform = platforms.start("--grpc-port", ports["grpc"], "--http-port", ports["http"], ready=False)
        assert platform.process.wait(timeout=20) == BAD_INPUT
    assert f"127.0.0.1:{number}" in platform.log()
    assert f"--{port}-port" in platform.log()
    assert "Traceback" not in platform.log()


def test_a_store_of_a_newer_version_is_refused(platforms: Platforms) -> None:
    platform = platforms.start()
    platform.stop()
    with sqlite3.connect(platform.data / "alula.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    again = platforms.start(ready=False)
    assert again.process.wait(timeout=20) == BAD_INPUT
    assert "StoreTooNew" in again.log()


def test_a_folder_that_can_not_be_one_is_refused(platforms: Platforms, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    platform = platforms.start(data=tmp_path / "file" / "data", ready=False)
    assert platform.process.wait(timeout=20) == BAD_INPUT
    assert "can't be the data folder" in platform.log()


def test_a_bad_setting_names_its_file_and_key(platforms: Platforms, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("grpc_prot = 1\n")
    platform = platforms.start("--settings", str(file), ready=False)
    assert platform.process.wait(timeout=20) == BAD_INPUT
    assert str(file) in platform.log()
    assert "grpc_prot" in platform.log()


def test_a_detached_platform_is_ready_when_the_command_returns(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "data")]
    up = alula("up", *data, "--grpc-port", "0", "--http-port", "0", "--detach")
    assert up.returncode == 0, up.stderr
    try:
        told = json.loads(alula("status", *data, "-o", "json").stdout)
        again = yaml.safe_load(alula("status", *data, "-o", "yaml").stdout)
        disk = told.pop("disk")
        assert disk.keys() == again.pop("disk").keys() and disk["database"] > 0
        assert again == told
        assert told["state"] == "running"
        assert told["grpc"] in up.stdout
        with Client(told["grpc"]) as client:
            assert register(client, "detached").name == "detached"
        second = alula("up", *data, "--detach")
        assert second.returncode == BAD_INPUT
        assert "already runs" in second.stderr
    finally:
        down = alula("down", *data)
    assert down.returncode == 0, down.stderr
    status = alula("status", *data)
    assert status.returncode == UNREACHABLE
    assert "no platform runs" in status.stdout


def test_an_error_of_a_detached_platform_is_shown(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        up = alula("up", "--data", str(tmp_path), "--grpc-port", port, "--http-port", "0", "--detach")
    assert up.returncode == BAD_INPUT
    assert port in up.stderr
    assert "Traceback" not in up.stderr


def test_nothing_to_stop_is_no_error(tmp_path: Path) -> None:
    down = alula("down", "--data", str(tmp_path / "nothing"))
    assert (down.returncode, down.stderr) == (0, "")
    assert not (tmp_path / "nothing").exists()


def test_a_killed_platform_leaves_a_folder_that_the_next_one_takes_over(platforms: Platforms) -> None:
    first = platforms.start()
    with Client(first.grpc) as client:
        plan = register(client, "survivor", command=("sleep", "1"))
        id = launch(client, specs.execution("survivor", plan))
        wait_for(client, id, core_execution_pb2.WorkflowExecution.RUNNING)
        first.kill()
    assert (first.data / "server.json").exists()
    assert alula("status", "--data", str(first.data)).returncode == UNREACHABLE
    second = platforms.start()
    with Client(second.grpc) as client:
        execution = wait_for(client, id)
        assert execution.closure.phase == core_execution_pb2.WorkflowExecution.SUCCEEDED, execution.closure.error


def test_open_streams_and_held_calls_do_not_delay_the_stop(platforms: Platforms) -> None:
    platform = platforms.start()
    with Client(platform.grpc) as client:
        plan = register(client, "long", command=("sleep", "60"))
        id = launch(client, specs.execution("", plan))
        wait_for(client, id, core_execution_pb2.WorkflowExecution.RUNNING)
        host, port = platform.http.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as watcher:
            path = f"/api/v1/alula/watch/{id.project}/{id.domain}/{id.name}"
            watcher.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert b"RUNNING" in _until(watcher, b"RUNNING")
            began = time.monotonic()
            assert platform.stop() == 0
            assert time.monotonic() - began < 4
    assert "Traceback" not in platform.log()


def test_the_signing_key_is_the_owners_alone(platforms: Platforms) -> None:
    platform = platforms.start()
    assert stat.S_IMODE(os.stat(platform.data / "signing.key").st_mode) == 0o600


def test_the_environment_and_a_file_of_the_data_folder_set_it(platforms: Platforms) -> None:
    data = platforms.folder / "data"
    data.mkdir()
    (data / "settings.toml").write_text('[anonymous]\nprincipal = "ada"\n')
    platform = platforms.start()
    with Client(platform.grpc) as client:
        plan = register(client, "settings")
        id = launch(client, specs.execution("", plan))
        record = client.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=id))
        assert record.spec.metadata.principal == "ada"
        assert plan.resource_type == identifier_pb2.LAUNCH_PLAN


def _until(connection: socket.socket, wanted: bytes) -> bytes:
    received = b""
    while wanted not in received:
        piece = connection.recv(4096)
        assert piece, received
        received += piece
    return received


def test_the_same_platform_runs_on_postgresql(platforms: Platforms, postgres_url: str) -> None:
    first = platforms.start("--database-url", postgres_url)
    with Client(first.grpc) as client:
        id = launch(client, specs.execution("on-postgres", register(client, "postgres")))
        assert wait_for(client, id).closure.phase == core_execution_pb2.WorkflowExecution.SUCCEEDED
    first.stop()
    assert not (first.data / "alula.sqlite").exists()
    with Client(platforms.start("--database-url", postgres_url).grpc) as client:
        assert wait_for(client, id).closure.phase == core_execution_pb2.WorkflowExecution.SUCCEEDED


def test_a_database_that_can_not_be_reached_is_an_error_at_once(platforms: Platforms) -> None:
    platform = platforms.start("--database-url", "postgresql://nobody@127.0.0.1:1/none", ready=False)
    assert platform.process.wait(timeout=30) == UNREACHABLE
    assert "127.0.0.1" in platform.log()
    assert "Traceback" not in platform.log()
