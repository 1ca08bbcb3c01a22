"""The words of `alula run`, and the options that are made from an interface."""

from __future__ import annotations

import click
import pytest

from alula import task, workflow
from alula.cli.inputs import completed, file_inputs, input_options, typed_inputs
from alula.cli.run_options import parse, settings_of, split
from alula.core.errors import InvalidInput


@task
def add(x: int, y: int) -> int:
    return x + y


@workflow
def total(x: int, learning_rate: float = 0.5, name: str = "me", fast: bool = False, y: int | None = None) -> int:
    """Add up.

    Args:
        x: the first number
    """
    return add(x=x, y=1)


def parse_inputs(*words: str):
    context, typed = parse("run f total", words, parent=None, inputs=input_options(total.interface), about="")
    return typed_inputs(typed, context), settings_of(typed)


@pytest.mark.parametrize(
    ("words", "head", "file", "name", "tail"),
    [
        ("a.py wf --x 1", [], "a.py", "wf", ["--x", "1"]),
        (f"a.py:{'w' * 5_000}", [], "a.py", "w" * 5_000, []),
        ("--remote a.py wf", ["--remote"], "a.py", "wf", []),
        ("-p proj a.py --wait wf --x 1", ["-p", "proj", "--wait"], "a.py", "wf", ["--x", "1"]),
        ("--project=proj a.py wf", ["--project=proj"], "a.py", "wf", []),
        ("pkg.mod:wf --x 1", [], "pkg.mod", "wf", ["--x", "1"]),
        ("a.py", [], "a.py", "", []),
        ("a.py --help", ["--help"], "a.py", "", []),
        ("", [], "", "", []),
    ],
)
def test_file_and_name_are_found_among_the_options(words, head, file, name, tail):
    assert split(words.split()) == (head, file, name, tail)


def test_inputs_and_options_of_the_run_may_be_mixed():
    inputs, settings = parse_inputs("--x", "3", "--remote", "--learning-rate", "0.1", "--wait", "--fast")
    assert inputs == {"x": 3, "learning_rate": 0.1, "fast": True}
    assert settings.remote
    assert settings.wait


def test_underscores_are_hyphens():
    assert parse_inputs("--learning_rate", "2")[0] == {"learning_rate": 2.0}


def test_an_input_wins_over_an_option_of_the_same_spelling():
    inputs, settings = parse_inputs("--name", "Ada")
    assert inputs == {"name": "Ada"}
    assert settings.run_name == ""
    assert settings_of(parse("run", ["--name", "r1"], parent=None, about="")[1]).run_name == "r1"


def test_what_was_not_typed_is_left_to_the_defaults():
    assert parse_inputs("--no-fast")[0] == {"fast": False}
    assert parse_inputs()[0] == {}


def test_a_later_part_of_the_line_wins_and_lists_join():
    first = parse("run", ["--env", "A=1", "-p", "one"], parent=None, about="")[1]
    second = parse("run", ["--env", "B=2=3", "-p", "two"], parent=None, about="")[1]
    settings = settings_of(first, second)
    assert settings.environment == {"A": "1", "B": "2=3"}
    assert settings.target.project == "two"


def test_help_shows_inputs_with_type_default_and_docstring(capsys):
    with pytest.raises(click.exceptions.Exit):
        parse_inputs("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert "--x <int> the first number [required]" in shown
    assert "--learning-rate <float> [default: 0.5]" in shown
    assert "--fast / --no-fast [default: false]" in shown
    assert shown.index("Inputs:") < shown.index("--x") < shown.index("Options:") < shown.index("--remote")


def test_missing_inputs_are_named_all_at_once():
    with pytest.raises(InvalidInput) as raised:
        completed(add.interface, {})
    assert raised.value.code == "MissingInput"
    assert "`x` and `y`" in raised.value.message
    assert raised.value.fix == "add --x <int> --y <int>"


def test_an_optional_input_may_be_left_out():
    assert completed(total.interface, {"x": 1}) == {"x": 1}


@pytest.mark.parametrize("text", ['{"x": 4, "fast": true}', "x: 4\nfast: true\n"])
def test_inputs_come_from_a_file(tmp_path, text):
    path = tmp_path / "in.yaml"
    path.write_text(text)
    assert file_inputs(path, total.interface) == {"x": 4, "fast": True}


@pytest.mark.parametrize(
    ("text", "said"),
    [("z: 1", "has no input `z`"), ("[1]", "does not hold an object"), ("x: [", "neither"), ("x: a", "x: expected")],
)
def test_a_bad_inputs_file_is_named(tmp_path, text, said):
    path = tmp_path / "in.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as raised:
        file_inputs(path, total.interface)
    assert said in raised.value.message
    assert str(path) in raised.value.message


def test_a_default_of_any_kind_is_shown() -> None:
    @task
    def tagged(
        tags: list[str] = frozenset({"a"}),  # pyright: ignore[reportArgumentType]
        where: object = object(),
    ) -> int:
        return 1

    helps = [option.help or "" for option in input_options(tagged.interface)]
    assert helps[0] == '[default: ["a"]]'
    assert helps[1].startswith('[default: "<object object')
