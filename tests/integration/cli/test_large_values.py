"""Values are of any size: what is too large to be carried along is kept apart, and nobody has to know."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.platform import RunningPlatform, alula

FLOWS = str(Path(__file__).parent / "flows" / "large.py")


def values(platform: RunningPlatform) -> set[Path]:
    """The objects that values were put aside to."""
    return set(platform.data.glob("objects/data/flytesnacks/development/values/*"))


def test_large_values_go_through_every_kind_of_step(platform: RunningPlatform) -> None:
    command = ("run", "--remote", "--wait", FLOWS, "parts", "--endpoint", platform.grpc)
    done = alula(*command)
    assert done.returncode == 0, done.stderr
    outputs = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert [outputs[f"o{number}"] for number in range(5)] == ["4999950000", "100000", "notes", "xx", "6"]
    assert outputs["o5"].startswith("[0, 1, 2, ")
    assert len(values(platform)) >= 3


def test_a_result_whose_value_is_gone_is_computed_again(platform: RunningPlatform) -> None:
    command = ("run", "--remote", "--wait", FLOWS, "parts", "--endpoint", platform.grpc)
    assert alula(*command).returncode == 0
    for value in values(platform):
        value.unlink()
    again = alula(*command)
    assert again.returncode == 0, again.stderr
    assert "document SUCCEEDED (cached)" not in again.stderr
    assert "document SUCCEEDED (cached)" in alula(*command).stderr


def test_a_large_input_is_mapped_over(platform: RunningPlatform, tmp_path: Path) -> None:
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"texts": [letter * 9_000 for letter in "abcdefghij"]}))
    command = ("run", "--remote", "--wait", "--name", "large", "--inputs-file", str(given), FLOWS, "mapped")
    before = values(platform)
    done = alula(*command, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "90000"
    assert len(values(platform) - before) == 1


def test_what_does_not_fit_into_an_answer_is_told_with_its_size_and_place(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    command = ("run", "--remote", "--wait", FLOWS, "parts", "--n", "500000", "--endpoint", platform.grpc)
    done = alula(*command)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()[-1]
    assert told.startswith("o5: <4,983,493 bytes> in ")
    assert Path(told.rsplit(" ", 1)[-1]).stat().st_size == 4_983_493
