"""A whole platform on S3: SQLite, processes, and no object on this machine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import Platforms, RunningPlatform, alula
from tests.objects.proxy import Fate, Proxy, Request
from tests.objects.servers import fresh, settings_of

from alula.server.blobs.options import ObjectOptions

FLOW = str(Path(__file__).with_name("flows") / "everything.py")
KITS_FLOW = str(Path(__file__).parents[1] / "flytekit/flows/basics.py")


@dataclass
class Scene:
    """Platforms on one store, which is reached through a proxy."""

    platforms: Platforms
    proxy: Proxy

    def run(self, platform: RunningPlatform, workflow: str, *inputs: str) -> tuple[int, str]:
        """Run a workflow to its end; gives the exit status, and what was printed."""
        options = ("--endpoint", f"http://{platform.grpc}", "--remote", "--wait")
        done = alula("run", *options, FLOW, workflow, *inputs)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def scene(tmp_path: Path, served: Callable[[str], ObjectOptions]) -> Iterator[Scene]:
    options = fresh(served("s3"))
    with Proxy(options.endpoint) as proxy:
        variables = {**settings_of(options), "ALULA__OBJECTS__ENDPOINT": proxy.address}
        platforms = Platforms(tmp_path, variables)
        yield Scene(platforms, proxy)
        platforms.close()


def test_data_of_every_kind_goes_by_the_store(scene: Scene):
    platform = scene.platforms.start()
    for _ in range(2):  # the second time with results of the cache
        status, printed = scene.run(platform, "everything")
        assert status == 0, printed
        assert [line for line in printed.splitlines() if line.startswith("o")] == [
            "o0: 20",
            "o1: 30",
            "o2: half",
            "o3: 200000",
            "o4: 3",
        ]
    assert not (platform.data / "objects").exists()
    asked = [request.target for request in scene.proxy.requests]
    assert not any("inputs.pb" in target or "outputs.pb" in target for target in asked)  # the log has them


def test_a_platform_that_was_killed_goes_on_with_its_store(scene: Scene):
    platform = scene.platforms.start()
    launched = alula("run", "--endpoint", f"http://{platform.grpc}", "--remote", FLOW, "everything", "--n", "50")
    assert launched.returncode == 0, launched.stderr
    name = launched.stdout.split()[0]
    platform.kill()
    again = scene.platforms.start()
    watched = alula("watch", "--endpoint", f"http://{again.grpc}", name)
    assert watched.returncode == 0, watched.stdout + watched.stderr
    logged = alula("logs", "--endpoint", f"http://{again.grpc}", name, "n0")
    assert "50 numbers" in logged.stdout


def test_one_prefix_that_is_refused_ends_one_run_and_no_other(scene: Scene):
    platform = scene.platforms.start()
    assert scene.run(platform, "fan_out", "--n", "3")[0] == 0

    def refuses_values(request: Request) -> Fate:
        return Fate(status=403 if request.method == "PUT" and "/values/" in request.target else 0)

    scene.proxy.rule = refuses_values
    status, printed = scene.run(platform, "values")
    assert status != 0
    assert "ObjectForbidden" in printed
    assert scene.run(platform, "fan_out", "--n", "4")[0] == 0


def test_a_store_that_fails_for_a_while_costs_time_alone(scene: Scene):
    platform = scene.platforms.start()
    failed: set[str] = set()

    def fails_once(request: Request) -> Fate:
        is_new = request.target not in failed
        failed.add(request.target)
        return Fate(status=500) if is_new and len(failed) % 2 else Fate(is_cut=is_new and len(failed) % 3 == 0)

    scene.proxy.rule = fails_once
    status, printed = scene.run(platform, "everything")
    assert status == 0, printed


def test_a_slow_object_stalls_its_own_run_alone(scene: Scene):
    platform = scene.platforms.start()
    assert scene.run(platform, "fan_out", "--n", "3")[0] == 0
    stalled: list[Request] = []

    def stalls_values(request: Request) -> Fate:
        if request.method == "PUT" and "/values/" in request.target:
            stalled.append(request)
            return Fate(delay_s=600)
        return Fate()

    scene.proxy.rule = stalls_values
    endpoint = f"http://{platform.grpc}"
    launched = alula("run", "--endpoint", endpoint, "--remote", FLOW, "values")
    assert launched.returncode == 0, launched.stderr
    until = time.monotonic() + 60
    while not stalled:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert scene.run(platform, "fan_out", "--n", "4")[0] == 0
    assert alula("abort", "--endpoint", endpoint, launched.stdout.split()[0]).returncode == 0


def test_requests_of_a_fan_out_go_at_the_same_time(scene: Scene):
    platform = scene.platforms.start()
    scene.proxy.rule = lambda _: Fate(delay_s=0.3)
    status, printed = scene.run(platform, "values", "--n", "30")
    assert status == 0, printed
    assert scene.proxy.at_once_max >= 10


def test_an_unmodified_flytekit_registers_runs_and_reads(scene: Scene, flytekit_bin: Path, tmp_path: Path):
    platform = scene.platforms.start()
    pyflyte = Pyflyte(flytekit_bin, tmp_path, platform.grpc)
    (tmp_path / "lines.txt").write_text("a\nb\nc\n")
    printed = pyflyte("run", "--remote", KITS_FLOW, "files", "--file", str(tmp_path / "lines.txt"))
    name = re.search(r"/executions/(\w+)", printed)
    assert name is not None, printed
    watched = alula("watch", "--endpoint", f"http://{platform.grpc}", name[1])
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert "6" in watched.stdout
    assert any("lines.txt" in request.target and request.method == "PUT" for request in scene.proxy.requests)


def test_a_bucket_that_is_not_there_is_said_at_the_start(scene: Scene):
    variables = {**scene.platforms.environment, "ALULA__OBJECTS__URL": "s3://no-such-bucket/x"}
    platform = Platforms(scene.platforms.folder, variables).start(ready=False)
    assert platform.process.wait(timeout=30) != 0
    assert "error[BucketNotFound]" in platform.log()


def test_keys_that_are_not_known_are_said_at_the_start(scene: Scene):
    variables = {**scene.platforms.environment, "ALULA__OBJECTS__SECRET_KEY": "wrong"}
    platform = Platforms(scene.platforms.folder, variables).start(ready=False)
    assert platform.process.wait(timeout=30) != 0
    assert "error[BadCredentials]" in platform.log()
