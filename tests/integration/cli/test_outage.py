"""Following a run on a platform that stops meanwhile and starts again on other ports."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.integration.platform import ALULA, Platforms

from alula.cli.options import Target
from alula.cli.outage import FollowedPlatform
from alula.core.errors import Unavailable

FLOWS = str(Path(__file__).parent / "flows" / "steps.py")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_run_is_followed_to_where_the_platform_is_now(platforms: Platforms, tmp_path: Path, end: str) -> None:
    first = platforms.start()
    with subprocess.Popen(
        [*ALULA, "run", "--remote", "--wait", FLOWS, "talk", "--folder", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ALULA_DATA": str(first.data)},
    ) as following:
        assert following.stderr is not None
        while "RUNNING" not in following.stderr.readline():
            assert following.poll() is None
        getattr(first, end)()
        while "waiting for it" not in following.stderr.readline():
            assert following.poll() is None
        second = platforms.start()
        assert second.grpc != first.grpc
        (tmp_path / "go").touch()
        said = following.stderr.read()
    assert following.returncode == 0, said
    assert "SUCCEEDED" in said


def test_nobody_waits_for_longer_than_the_grace_and_an_outage_is_told_once() -> None:
    target = Target("127.0.0.1:1", None, "flytesnacks", "development")
    gone = Unavailable("PlatformUnreachable", "it is gone")
    told: list[str] = []
    with target.connect() as connection:
        patient = FollowedPlatform(target, connection, grace_s=30, retry_interval_s=0)
        patient.wait(gone, told.append)
        patient.wait(gone, told.append)
        assert told == ["it is gone; waiting for it"]
        with pytest.raises(Unavailable, match="it is gone"):
            FollowedPlatform(target, connection, grace_s=0).wait(gone, told.append)


def test_another_platform_is_not_taken_for_the_one_that_went_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ALULA_ENDPOINT", "127.0.0.1:1")
    before = Target("127.0.0.1:2", None, "p", "d").connect()
    with before:
        assert Target(None, None, "p", "d").endpoint_after(before.endpoint) == before.endpoint
