"""Environments that are made for the contents of an image, with real uv and a package that is a file."""

import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from tests.attempts.specs import attempt
from tests.process_executor.running import log_of, on_executor, run_one

from alula.core.policy.image_contents import KEY, ImageContents, text_of

IMAGE = "tiny:1"
SHOWS = "import os, sys, tiny, msgspec; print(tiny.WORD, os.environ['COLOUR'], sys.prefix)"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("tiny.py", "WORD = 'hello'\n")
        packed.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        packed.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr("tiny-1.0.dist-info/RECORD", "")
    return path


def needing(data: Path, *requirements: str, node: str = "n0"):
    spec = attempt(data, "python", "-c", SHOWS, image=IMAGE, node=node)
    contents = ImageContents(IMAGE, requirements=requirements, variables=(("COLOUR", "green"),))
    spec.task.config[KEY] = text_of(contents)
    return msgspec.structs.replace(spec, interpreter=sys.executable)


def test_the_first_attempt_has_its_environment_made_and_the_next_finds_it(tmp_path, wheel):
    first, second = needing(tmp_path, f"tiny @ file://{wheel}"), needing(tmp_path, f"tiny @ file://{wheel}", node="n1")

    async def scenario(harness):
        for spec in (first, second):
            end = await harness.run(spec)
            assert end.phase == "SUCCEEDED", end.error
        return [[each.reason for each in harness.of(spec, "QUEUED")] for spec in (first, second)]

    told, told_again = on_executor(tmp_path, scenario)
    assert len(told) == 1
    assert told[0].startswith("waits for its environment to be made: Python 3")
    assert told_again == []
    word, colour, prefix = log_of(second).split()
    assert (word, colour) == ("hello", "green")
    assert prefix.startswith(str(tmp_path / "environments"))


def test_packages_that_do_not_fit_together_are_the_users_mistake(tmp_path, wheel):
    error = run_one(tmp_path, needing(tmp_path, f"tiny @ file://{wheel}", "tiny>1")).error
    assert error is not None
    assert (error.code, error.recoverable) == ("EnvironmentUnsatisfiable", False)
