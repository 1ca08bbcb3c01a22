"""`alula logs -f` on a platform that stops or is killed meanwhile."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.integration.platform import ALULA, Platforms, alula

from alula.cli.logs import follow_log
from alula.cli.options import Target
from alula.cli.outage import FollowedPlatform
from alula.core.errors import Unavailable
from alula.core.ids import AttemptId, ExecutionId

FLOWS = str(Path(__file__).parent / "flows" / "steps.py")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_followed_log_goes_on_when_the_platform_is_back(platforms: Platforms, tmp_path: Path, end: str) -> None:
    first = platforms.start()
    data = ("--data", str(first.data))
    launched = alula("run", "--remote", *data, "--name", "talks", FLOWS, "talk", "--folder", str(tmp_path))
    assert launched.returncode == 0, launched.stderr
    while "I have begun" not in alula("logs", "talks", *data).stdout:
        pass
    with subprocess.Popen(
        [*ALULA, "logs", "-f", "talks", *data],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ALULA_DATA": str(first.data)},
    ) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        assert following.stdout.readline() == "I have begun\n"
        getattr(first, end)()
        assert "waiting for it" in following.stderr.readline()
        platforms.start()
        (tmp_path / "go").touch()
        printed = following.stdout.read()
        said = following.stderr.read()
    assert following.returncode == 0, said
    whole = alula("logs", "talks", *data).stdout
    assert f"I have begun\n{printed}" == whole
    assert whole.endswith("I am done\n")


def test_a_platform_that_stays_away_is_an_error() -> None:
    target = Target("127.0.0.1:1", None, "flytesnacks", "development")
    log = AttemptId(ExecutionId("flytesnacks", "development", "talks"), "n0", 0, -1)
    with (
        target.connect() as connection,
        FollowedPlatform(target, connection, grace_s=0) as platform,
        pytest.raises(Unavailable),
    ):
        follow_log(platform, log)
