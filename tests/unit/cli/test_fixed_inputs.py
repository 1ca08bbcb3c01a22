"""Inputs that a launch plan fixes are refused with their value, wherever they are given."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from alula.cli.fixed_inputs import FixedInputs
from alula.cli.inputs import file_inputs, input_options, text_inputs
from alula.cli.launch import RegisteredInterface
from alula.cli.run_options import parse
from alula.core.errors import InvalidInput
from alula.sdk.authoring.interface import REQUIRED

INTERFACE = RegisteredInterface("launch plan", "fast", {"n": int}, {"n": REQUIRED}, {"n": "n"})
FIXED = FixedInputs("fast", {"max_depth": "3", "is_new": "true", "wait": "9"}, free="alula launch flows.train")


def typed(*words: str) -> dict[str, object]:
    return parse("launch fast", words, parent=None, inputs=input_options(INTERFACE, FIXED), about="")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--max-depth", "4"), "launch plan `fast` fixes input `max_depth` to `3`"),
        (("--max_depth=4",), "launch plan `fast` fixes input `max_depth` to `3`"),
        (("--is-new",), "launch plan `fast` fixes input `is_new` to `true`"),
        (("--no-is-new",), "launch plan `fast` fixes input `is_new` to `true`"),
    ],
)
def test_on_the_command_line(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        typed("--n", "1", *words)
    assert (refused.value.code, refused.value.message) == ("FixedInput", said)
    assert (
        refused.value.fix == "leave it out, or start the workflow, where it can be chosen: `alula launch flows.train`"
    )


def test_in_an_object_and_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "inputs.yaml").write_text("max_depth: 4")
    with pytest.raises(InvalidInput, match="fixes input `max_depth`"):
        text_inputs("{max_depth: 4}", INTERFACE, FIXED)
    with pytest.raises(InvalidInput, match="fixes input `max_depth`"):
        file_inputs(tmp_path / "inputs.yaml", INTERFACE, FIXED)


def test_an_option_of_the_run_keeps_its_spelling_and_no_help_tells_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--n", "1", "--wait") == {"input__n": 1, "wait": True}
    with pytest.raises(click.exceptions.Exit):
        typed("--help")
    assert "--max-depth" not in capsys.readouterr().out


def test_without_a_workflow_to_start_it_can_only_be_left_out() -> None:
    with pytest.raises(InvalidInput) as refused:
        FIXED._replace(free="").refuse("max_depth")
    assert refused.value.fix == "leave it out"
