"""The command line of `alula run`: options of the run, the file, the name, and inputs made from the typed interface.

Options may stand before the file, between file and name, or after the name; after it, an input of the same
spelling wins. Owns the reading of the words; runs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from alula.cli.options import DEFAULT_DOMAIN, DEFAULT_PROJECT, TARGET_OPTIONS, Target, output_option
from alula.core.errors import InvalidInput
from alula.core.ids import is_execution_name

INPUT_PREFIX = "input__"
"""Parameters of inputs in click's dictionary can't meet those of the run."""


class RunSettings(msgspec.Struct, frozen=True):
    """The settings of a run: its place, its options, and the form of its output."""

    target: Target
    form: str
    remote: bool
    wait: bool
    inputs_file: Path | None
    run_name: str
    version: str
    copy: str
    """`all` or `auto`."""
    overwrite_cache: bool
    interruptible: bool | None
    max_parallelism: int
    quality_of_service: str
    """`high`, `medium`, `low`, or nothing."""
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    jobs: int = 0
    """Processes that run tasks of a local run at once; 0 for this one alone."""
    opens: bool = False
    """Whether the run's page is shown in a browser."""
    name_given: bool = False
    builds: bool = False
    """Whether images of `ImageSpec`s are built that are not there."""
    strict: bool = False
    """True if what is pickled is refused."""


class Words(NamedTuple):
    """The command line, split. `head` and `tail` are the words before and after the name."""

    head: list[str]
    file: str
    name: str
    tail: list[str]


class _Jobs(click.IntRange):
    """A number of processes, or `auto` for as many as there are processors for this one."""

    name = "N|auto"

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return _processors() if value == "auto" else super().convert(value, param, ctx)


def _processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_options() -> list[click.Option]:
    """Options of the run. Each is unset by default, to tell typed values from defaults."""
    return [
        click.Option(["--remote/--local", "remote"], default=None, help="On the platform, or here.  [default: local]"),
        click.Option(["--wait/--no-wait", "wait"], default=None, help="With --remote: follow the run to its end."),
        click.Option(["--open", "opens"], is_flag=True, default=None, help="Show the run's page in a browser."),
        click.Option(["--inputs-file"], type=click.Path(dir_okay=False), help="Inputs as JSON or YAML."),
        click.Option(["--name", "run_name"], metavar="NAME", help="Name of the run; else a new one."),
        click.Option(["--version"], metavar="V", help="Version to register as; else made from the content."),
        click.Option(
            ["--copy"],
            type=click.Choice(["all", "auto"]),
            help="Pack the whole code folder, or only what is imported.  [default: all]",
        ),
        click.Option(
            ["--build", "builds"], is_flag=True, default=None, help="With --remote: build images that are not there."
        ),
        click.Option(["--strict"], is_flag=True, default=None, help="Refuse what is pickled.  [env: ALULA_STRICT]"),
        click.Option(["--overwrite-cache"], is_flag=True, default=None, help="Run cached tasks all the same."),
        click.Option(["--env", "environment"], multiple=True, metavar="K=V", help="Variable for the tasks. Repeat."),
        click.Option(["--label", "labels"], multiple=True, metavar="K=V", help="Label of the run. Repeat."),
        click.Option(
            ["--jobs"],
            type=_Jobs(),
            help="Run tasks of a local run in N processes at once; `auto` for one a processor.",
        ),
        click.Option(
            ["--max-parallelism"], type=click.IntRange(0, 2**31 - 1), help="Tasks at once; 0 for the platform's limit."
        ),
        click.Option(
            ["--quality-of-service"],
            type=click.Choice(["high", "medium", "low"]),
            help="How long its tasks may wait for a place beside other runs'.",
        ),
        click.Option(
            ["--interruptible/--no-interruptible"],
            default=None,
            help="May run on machines that can go away.  [default: as declared]",
        ),
        *(_option_of(decorator) for decorator in (*TARGET_OPTIONS, output_option)),
    ]


def launch_options() -> list[click.Option]:
    """Options of a run whose code is registered."""
    options = [
        option
        for option in run_options()
        if option.name not in ("remote", "wait", "copy", "version", "jobs", "builds", "strict")
    ]
    return [
        click.Option(["--wait/--no-wait", "wait"], default=None, help="Follow the run to its end."),
        *options,
        click.Option(["--version"], metavar="V", help="Version to start; else the newest."),
        click.Option(["--inputs", "inputs_text"], metavar="OBJECT", help="Inputs as an object in JSON or YAML."),
    ]


def split(words: Sequence[str], options: Sequence[click.Option] | None = None, *, places: int = 2) -> Words:
    """Find file and name among the options, those of a run. Empty where they are missing. With `places=1` there is no
    name, and the first word is kept whole.

    >>> split(["--remote", "a.py", "hello", "--x", "1"])
    Words(head=['--remote'], file='a.py', name='hello', tail=['--x', '1'])
    """
    takes_value = {spelling: not option.is_flag for option in options or run_options() for spelling in option.opts}
    head: list[str] = []
    found: list[str] = []
    place = 0
    while place < len(words) and len(found) < places:
        word = words[place]
        place += 1
        if not word.startswith("-"):
            module, colon, name = word.partition(":")
            # `os.path` takes a word that is too long for a path.
            is_both = places == 2 and not found and colon and not os.path.exists(word)
            found += [module, name] if is_both else [word]
            continue
        head.append(word)
        if takes_value.get(word) and place < len(words):
            head.append(words[place])
            place += 1
    file, name = (*found, "", "")[:2]
    return Words(head, file, name, list(words[place:]))


def parse(
    title: str,
    words: Sequence[str],
    *,
    parent: click.Context | None,
    inputs: Sequence[click.Option] = (),
    options: Sequence[click.Option] | None = None,
    about: str,
    usage: str = "[INPUTS] [OPTIONS]",
) -> tuple[click.Context, dict[str, Any]]:
    """Parse words as inputs and options of a run. Gives the typed values, by parameter name."""
    taken = {spelling for option in inputs if not option.hidden for spelling in _spellings(option)}
    own = [option for option in options or run_options() if taken.isdisjoint(_spellings(option))]
    visible = taken.union(*map(_spellings, own))
    inputs = [option for option in inputs if not option.hidden or visible.isdisjoint(_spellings(option))]
    command = _Sections(
        title,
        params=[*inputs, *own],
        help=about,
        options_metavar=usage,
        context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": _with_hyphens},
    )
    context = command.make_context(title, list(words), parent=parent)
    return context, _typed(context)


def _spellings(option: click.Option) -> tuple[str, ...]:
    return (*option.opts, *option.secondary_opts)


def parse_known(words: Sequence[str], options: Sequence[click.Option]) -> dict[str, Any]:
    """The values typed for these options; all other words are skipped."""
    settings: dict[str, Any] = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    command = click.Command("known", params=list(options), context_settings=settings)
    return _typed(command.make_context("known", list(words), resilient_parsing=True))


def _typed(context: click.Context) -> dict[str, Any]:
    return {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) in (click.core.ParameterSource.COMMANDLINE, _ENVIRONMENT)
    }


def _with_hyphens(token: str) -> str:
    """`--learning_rate` is `--learning-rate`."""
    return token.replace("_", "-")


class _Sections(click.Command):
    """Help with the inputs first, then the options of the run."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [(param, record) for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        for title, is_input in (("Inputs", True), ("Options", False)):
            rows = [record for param, record in records if is_input_parameter(param) is is_input]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def is_input_parameter(parameter: click.Parameter) -> bool:
    """True if it stands for an input of the entity, not for an option of the run."""
    return (parameter.name or "").startswith(INPUT_PREFIX)


_ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT


def settings_of(*parts: Mapping[str, Any]) -> RunSettings:
    """The settings that the parts of the command line give together; a later part wins."""
    merged: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            merged[name] = (*merged.get(name, ()), *value) if isinstance(value, tuple) else value
    inputs_file = merged.get("inputs_file")
    return RunSettings(
        target=Target(
            merged.get("endpoint"),
            merged.get("data"),
            merged.get("project", DEFAULT_PROJECT),
            merged.get("domain", DEFAULT_DOMAIN),
        ),
        form=merged.get("form", "table"),
        remote=bool(merged.get("remote")),
        wait=bool(merged.get("wait")),
        inputs_file=Path(inputs_file) if inputs_file else None,
        run_name=merged.get("run_name") or "",
        version=merged.get("version") or "",
        copy=merged.get("copy") or "all",
        overwrite_cache=bool(merged.get("overwrite_cache")),
        interruptible=merged.get("interruptible"),
        max_parallelism=merged.get("max_parallelism") or 0,
        quality_of_service=merged.get("quality_of_service") or "",
        environment=pairs("--env", merged.get("environment", ())),
        labels=pairs("--label", merged.get("labels", ())),
        jobs=merged.get("jobs") or 0,
        builds=bool(merged.get("builds")),
        opens=bool(merged.get("opens")),
        strict=bool(merged.get("strict")),
    )


def checked_run_name(name: str) -> str:
    """Raises `InvalidInput` for what can't name a run; empty leaves it to the platform."""
    if name and not is_execution_name(name):
        raise InvalidInput(
            "BadExecutionName",
            f"`{name}` can't name a run",
            fix="use at most 63 lower-case letters, digits and hyphens, a letter first",
        )
    return name


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """`K=V` texts as a dictionary."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InvalidInput("BadValue", f"{option}: `{text}` is not KEY=VALUE")
        found[key] = value
    return found


def _option_of(decorator: Any) -> click.Option:
    """The option that a decorator adds."""

    def carrier() -> None: ...

    return decorator(carrier).__click_params__[0]
