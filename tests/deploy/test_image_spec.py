"""A task in an image that is built of an `ImageSpec` on the one for tasks: by Podman, with a package of PyPI."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.deploy import images
from tests.integration.platform import Platforms, alula

pytestmark = [pytest.mark.timeout(1200), pytest.mark.xdist_group("image")]
TASKS = "localhost/alula-tasks:tests"
FLOW = f"""
from alula import ImageSpec, task, workflow

image = ImageSpec(name="built-here", base_image="{TASKS}", packages=["humanize==4.9.0"])

@task(container_image=image)
def say(n: int) -> str:
    import humanize
    return f"{{humanize.intcomma(n)}} by {{humanize.__version__}}, inside: {{image.is_container()}}"

@workflow
def flow(n: int = 1234567) -> str:
    return say(n=n)
"""
PODMAN = """#!/bin/sh
case "$1" in build) shift; set -- build {limits} --network host -v /etc/ssl/certs:/etc/ssl/certs:ro "$@";; esac
exec /usr/bin/podman {runtime} "$@"
"""
SETTINGS = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nevents_logger = "file"\n'


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of Podman's service, with the program that builds as the path's `podman`."""
    images.wanted()
    images.built(TASKS, "tasks")
    program = tmp_path / "bin/podman"
    program.parent.mkdir()
    program.write_text(PODMAN.format(limits=" ".join(images.LIMITS), runtime=" ".join(images.RUNTIME)))
    program.chmod(stat.S_IRWXU)
    (tmp_path / "containers.conf").write_text(SETTINGS)
    monkeypatch.setenv("CONTAINERS_CONF", str(tmp_path / "containers.conf"))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    socket = tmp_path / "podman.sock"
    with subprocess.Popen([program, "system", "service", "--time", "0", f"unix://{socket}"]) as service:
        until = time.monotonic() + 60
        while not socket.exists():
            assert service.poll() is None and time.monotonic() < until, "Podman's service does not start"
            time.sleep(0.05)
        yield socket
        service.terminate()
    for name in images.podman("images", "--format", "{{.Repository}}:{{.Tag}}").split():
        if name.startswith("localhost/built-here:"):
            images.podman("rmi", "-f", name)


def test_a_task_runs_with_the_packages_of_its_image(tmp_path: Path, socket: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/settings.toml").write_text(
        f'[executors.container]\nenabled = true\nsocket = "{socket}"\nnetwork = "host"\n'
    )
    flow = tmp_path / "flow.py"
    flow.write_text(FLOW)
    platforms = Platforms(tmp_path)
    try:
        there = {"ALULA_ENDPOINT": f"http://{platforms.start().grpc}"}
        words = ("run", "--remote", "--build", "--wait", str(flow), "flow")
        first = alula(*words, environment=there)
        assert "1,234,567 by 4.9.0, inside: True" in first.stdout, first.stderr
        assert "1 built, 0 there already" in first.stderr
        assert "0 built, 1 there already" in alula(*words, environment=there).stderr
        flow.write_text(FLOW.replace("4.9.0", "4.10.0"))
        other = alula(*words, environment=there)
        assert "1,234,567 by 4.10.0, inside: True" in other.stdout, other.stderr
        assert "1 built, 0 there already" in other.stderr
    finally:
        platforms.close()
