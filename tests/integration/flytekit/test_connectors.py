"""Tasks of connectors, as users have them: `pyflyte serve connector`, unmodified, beside a real platform."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attempts.harness import eventually
from tests.connectors.serving import Served
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import Platforms, alula

WAIT_S = 120.0
PLACE = ("--project", "flytesnacks", "--domain", "development")


class Scene:
    """One connector and the platforms that have it as an endpoint, on one data folder with registered workflows."""

    def __init__(self, connector: Served, folder: Path) -> None:
        self.connector = connector
        self._platforms = Platforms(
            folder,
            {
                "ALULA__EXECUTORS__CONNECTOR__ENDPOINTS": json.dumps([{"name": "tests", "address": connector.address}]),
                "ALULA__EXECUTORS__CONNECTOR__POLL_MIN_S": "0.1",
                "ALULA__RUNNER__LEASE_S": "3",
            },
        )
        self.start()

    def start(self) -> None:
        self.platform = self._platforms.start()

    def close(self) -> None:
        self._platforms.close()

    def alula(self, *arguments: str) -> str:
        done = alula(*arguments, "--endpoint", self.platform.grpc)
        return done.stdout + done.stderr

    def launch(self, workflow: str, **inputs: Path) -> Run:
        before = self.jobs()
        words = [word for name, value in inputs.items() for word in (f"--{name}", str(value))]
        done = alula("launch", *PLACE, f"flows.connected.{workflow}", *words, "--endpoint", self.platform.grpc)
        assert done.returncode == 0, done.stderr
        return Run(self, done.stdout.split()[-1], before)

    def jobs(self) -> set[Path]:
        return set(self.connector.jobs.iterdir())


class Run:
    """A run, and the jobs that were made since it was launched."""

    def __init__(self, scene: Scene, name: str, before: set[Path]) -> None:
        self.name = name
        self._scene = scene
        self._before = before

    def jobs(self) -> set[Path]:
        return self._scene.jobs() - self._before

    def job(self) -> Path:
        """Its one job, which the platform knows of."""
        self.until_it_is_said("a job of endpoint `tests`")
        [job] = self.jobs()
        return job

    def until_it_is_said(self, what: str) -> None:
        eventually(lambda: what in self._reasons(), timeout_s=WAIT_S)

    def described(self) -> str:
        return self._scene.alula("describe", "execution", self.name)

    def end(self) -> str:
        """Wait, and give its description."""
        self._scene.alula("watch", self.name)
        return self.described()

    def abort(self) -> None:
        self._scene.alula("abort", self.name)

    def _reasons(self) -> str:
        url = f"{self._scene.platform.http}/api/v1/alula/reasons/flytesnacks/development/{self.name}"
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def scene(flytekit_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("connected")
    connector = Served(flytekit_bin, folder / "connector", "script_connector", "flytekit.sensor")
    connector.start()
    scene = Scene(connector, folder)
    pyflyte = Pyflyte(flytekit_bin, folder, scene.platform.grpc)
    pyflyte("register", "--project", "flytesnacks", "--domain", "development", "flows/connected.py")
    yield scene
    scene.close()
    connector.close()


def test_a_sensor_a_job_and_a_call(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "there"
    run = scene.launch("sensed", path=path)
    run.until_it_is_said("a job of endpoint `tests`")
    assert run.jobs() == set(), "the sensor waits"
    path.touch()
    end = run.end()
    assert "outputs: o0: 7" in end
    assert "a call of endpoint `tests`" in end
    [job] = run.jobs()
    assert f"log log: file://{job}/log" in end


def test_an_abort_deletes_the_job(scene: Scene, tmp_path: Path) -> None:
    run = scene.launch("held", go=tmp_path / "never")
    job = run.job()
    run.abort()
    eventually((job / "deleted").exists, timeout_s=WAIT_S)
    assert run.jobs() == {job}


def test_a_job_is_found_again_after_a_crash_of_the_platform_and_one_of_the_connector(
    scene: Scene, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    run = scene.launch("held", go=go)
    job = run.job()
    scene.platform.kill()
    scene.connector.kill()
    scene.start()
    run.until_it_is_said("does not take requests now")
    assert "does not take requests now" in scene.alula("explain", run.name)
    scene.connector.start()
    go.touch()
    assert "outputs: o0: 6" in run.end()
    assert run.jobs() == {job}
    assert not (job / "deleted").exists()


def test_a_job_whose_run_was_aborted_while_its_connector_was_away_is_deleted_later(
    scene: Scene, tmp_path: Path
) -> None:
    run = scene.launch("held", go=tmp_path / "never")
    job = run.job()
    scene.connector.kill()
    run.abort()
    scene.platform.kill()
    scene.start()
    scene.connector.start()
    eventually((job / "deleted").exists, timeout_s=WAIT_S)
    assert "ABORTED" in run.described()
    assert run.jobs() == {job}
