"""Images of `ImageSpec`s, built by Podman and run by a platform whose containers are Podman's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.containers.engine import BUSYBOX, Podman
from tests.integration.platform import Platforms, alula

FLOW = f"""
from alula import ContainerTask, ImageSpec, kwtypes, task, workflow

image = ImageSpec(
    name="built",
    base_image=ImageSpec(name="below", base_image="{BUSYBOX}", env={{"WHO": 'the "image"'}}),
    copy=["words.txt"],
    commands=["echo $(cat /root/words.txt) > /said"],
)
says = ContainerTask(
    name="says",
    image=image,
    command=["sh", "-c", 'echo "$WHO says $(cat /said)" > /var/flyte/outputs/text'],
    outputs=kwtypes(text=str),
)

@task
def shout(text: str) -> str:
    return text.upper()

@workflow
def flow() -> str:
    return shout(text=says())
"""


@pytest.fixture
def folder(tmp_path: Path, podman: Podman, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project beside which the program `podman` is that of the tests."""
    programs, project = tmp_path / "bin", tmp_path / "project"
    programs.mkdir()
    project.mkdir()
    (programs / "podman").write_text(f'#!/bin/sh\n{podman.shell_words()} "$@"\n')
    (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.chdir(project)
    (project / "words.txt").write_text(f"hello from {tmp_path.name}")
    (project / "flow.py").write_text(FLOW)
    yield project
    for name in podman("images", "--format", "{{.Repository}}:{{.Tag}}").split():
        if name.startswith(("localhost/built:", "localhost/below:")):
            podman("rmi", "-f", name)


def test_an_image_is_built_once_and_its_tasks_run_in_it(tmp_path: Path, podman: Podman, folder: Path) -> None:
    shown = alula("build", "--dry-run", "--builder", "podman", "flow.py").stdout
    assert shown.count("would be built with podman") == 2
    assert 'COPY ["words.txt", "/root/words.txt"]' in shown
    data = tmp_path / "data"
    data.mkdir()
    settings = f'[executors.container]\nenabled = true\nsocket = "{podman.socket}"\nnetwork = "none"\n'
    (data / "settings.toml").write_text(settings)
    platforms = Platforms(tmp_path)
    try:
        there = {"ALULA_ENDPOINT": f"http://{platforms.start().grpc}"}
        ran = alula("run", "--remote", "--build", "--wait", "flow.py", "flow", environment=there)
        assert f'THE "IMAGE" SAYS HELLO FROM {tmp_path.name.upper()}' in ran.stdout, ran.stderr
        assert "2 built, 0 there already" in ran.stderr
    finally:
        platforms.close()
    again = alula("build", "--builder", "podman", "flow.py")
    assert "0 built, 2 there already" in again.stderr
