"""`alula compile`: other tools' specifications, checked and compiled without a platform and without their code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import click

from alula.cli.failures import BAD_INPUT, CommandEnded, say, say_error
from alula.cli.options import DEFAULT_DOMAIN, DEFAULT_PROJECT
from alula.cli.output import print_table, to_document
from alula.cli.specification_files import SUFFIXES, read_files
from alula.core.compiler.package import Compiled, Package, PackageError, compile_package, complete
from alula.core.compiler.placeholders import Registration
from alula.core.errors import InvalidInput

_KIND_WORDS = {1: "task", 2: "workflow", 3: "launch-plan"}
_OTHERS_SHOWN = 5


@click.command("compile")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write one closure for each task and workflow into this folder.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["pb", "json"]),
    default="pb",
    show_default=True,
    help="How to write closures: binary, or JSON.",
)
@click.option("-p", "--project", default=DEFAULT_PROJECT, envvar="ALULA_PROJECT", show_default=True, help="Project.")
@click.option("-d", "--domain", default=DEFAULT_DOMAIN, envvar="ALULA_DOMAIN", show_default=True, help="Domain.")
@click.option("--version", default="v1", show_default=True, metavar="V", help="Version.")
def compile_(path: Path, folder: Path | None, form: str, project: str, domain: str, version: str) -> None:
    """Check specifications that other tools wrote, and compile them.

    PATH is a folder or a .tgz as `pyflyte package` and `pyflyte serialize` write them, or a single file: a TaskSpec,
    WorkflowSpec or LaunchPlan of FlyteIDL, binary, JSON or YAML. Nothing is imported, and no platform is asked.

    Project, domain and version are for ids that leave them open.
    """
    if folder is not None and path.is_dir() and folder.resolve().is_relative_to(path.resolve()):
        raise InvalidInput("OutputCollision", f"`{folder}` lies in `{path}`, which is read", fix="write elsewhere")
    files = read_files(path)
    package = compile_package([complete(source, Registration(project, domain, version)) for source in files.sources])
    _say_others(files.others)
    _refuse([*files.errors, *package.errors], {source.file for source in files.sources})
    written = {} if folder is None else _outputs(package, folder, form, path)
    for file, compiled in written.items():
        _write(file, compiled, form)
    _print(package, {compiled.file: str(file) for file, compiled in written.items()}, wrote=folder is not None)


def _refuse(errors: Sequence[PackageError], read: Set[str]) -> None:
    """Say all that is wrong, in the order of the files, and end."""
    if not errors:
        return
    for error in sorted(errors, key=lambda error: error.file):
        say_error(error.code, ": ".join(part for part in (error.file, error.path, error.message) if part))
    wrong = {error.file for error in errors}
    say(f"{_counted(len(errors), 'error')} in {_counted(len(wrong), 'file')}; {len(read - wrong)} compile")
    raise CommandEnded(BAD_INPUT)


def _outputs(package: Package, folder: Path, form: str, path: Path) -> dict[Path, Compiled]:
    """The file of each closure. Raises `InvalidInput` if it is also another's, or the specification itself."""
    outputs: dict[Path, Compiled] = {}
    for compiled in package.compiled:
        if compiled.closure is None:
            continue
        file = folder / f"{_base_name(compiled.file)}.{form}"
        taken = str(path) if file.resolve() == path.resolve() else ""
        if file in outputs:
            taken = outputs[file].file
        if taken:
            raise InvalidInput(
                "OutputCollision",
                f"`{compiled.file}` would be written to `{file}`, which is for `{taken}`",
                fix="rename one of them, or write to another folder",
            )
        outputs[file] = compiled
    return outputs


def _write(file: Path, compiled: Compiled, form: str) -> None:
    assert compiled.closure is not None, "chosen for having one"
    if form == "json":
        data = (json.dumps(to_document(compiled.closure), indent=2, ensure_ascii=False) + "\n").encode()
    else:
        data = compiled.closure.SerializeToString(deterministic=True)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as wrong:
        message = f"`{file}` can't be written: {wrong.strerror}"
        raise InvalidInput("CannotWrite", message, fix="write to another folder") from wrong


def _print(package: Package, written: Mapping[str, str], *, wrote: bool) -> None:
    rows = [
        [
            _KIND_WORDS[compiled.id.resource_type],
            compiled.id.name,
            compiled.id.version,
            written.get(compiled.file, "") if wrote else compiled.file,
        ]
        for compiled in package.compiled
    ]
    print_table(("kind", "name", "version", "written to" if wrote else "file"), rows)
    kinds = Counter(_KIND_WORDS[compiled.id.resource_type] for compiled in package.compiled)
    counts = [_counted(kinds[word], word.replace("-", " ")) for word in _KIND_WORDS.values() if kinds[word]]
    say(f"{', '.join(counts)}: no errors" + (f"; wrote {_counted(len(written), 'closure')}" if wrote else ""))


def _say_others(others: Sequence[str]) -> None:
    if not others:
        return
    shown = ", ".join(others[:_OTHERS_SHOWN])
    more = f" and {len(others) - _OTHERS_SHOWN} more" if len(others) > _OTHERS_SHOWN else ""
    say(f"left out, as no specification: {shown}{more}")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _base_name(file: str) -> str:
    suffix = next((suffix for suffix in SUFFIXES if file.endswith(suffix)), "")
    return file.removesuffix(suffix)
