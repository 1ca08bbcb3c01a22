"""`alula port`: code for flytekit, rewritten for Alula; what will not run is told."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from alula.cli.failures import say
from alula.cli.porting import Ported, port
from alula.core.errors import InvalidInput
from alula.sdk.client.package import code_in


@click.command("port")
@click.argument("path", type=click.Path(exists=True, path_type=Path), metavar="DIR")
@click.option("--write", is_flag=True, help="Change the files; else show what would change.")
@click.option("--try/--no-try", "try_", default=True, help="Load and compile what was ported, in a copy.")
@click.pass_context
def port_(context: click.Context, path: Path, *, write: bool, try_: bool) -> None:
    """Rewrite Python files for flytekit as files for Alula.

    Shows the changes, then for each file the names and settings that are missing, with what to do instead. Files that
    lack nothing are loaded and compiled in a copy, which runs their code.

    Exit status 1 if anything is missing or does not load.
    """
    folder = path if path.is_dir() else path.parent
    ported = {file: _ported(file) for file in _files(path)}
    changed = {file: each for file, each in ported.items() if each.text != file.read_text(encoding="utf-8")}
    for file, each in changed.items():
        if write:
            file.write_text(each.text, encoding="utf-8")
        else:
            click.echo(_diff(file.relative_to(folder), file.read_text(encoding="utf-8"), each.text), nl=False)
    troubles = sum(_tell(file.relative_to(folder), each) for file, each in ported.items())
    if try_ and changed:
        whole = [file for file, each in changed.items() if not each.findings]
        troubles += _try(folder.resolve(), {file.resolve(): each for file, each in ported.items()}, whole)
    done = "changed" if write else "would change (`--write` changes them)"
    say(f"{len(ported)} files, {len(changed)} {done}")
    if troubles:
        context.exit(1)
    said = "everything here runs" if try_ else "every name and setting is there"
    say(said if changed else "nothing here comes from flytekit")


def _files(path: Path) -> list[Path]:
    """A file, or all Python files of a folder that would be packed."""
    if path.is_file():
        return [path]
    root = path.resolve()
    files = [path / file.relative_to(root) for file in code_in(root).files if file.suffix == ".py"]
    if not files:
        raise InvalidInput("NothingDeclared", f"the folder `{path}` has no Python files")
    return files


def _ported(file: Path) -> Ported:
    try:
        return port(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise InvalidInput("NotPython", f"`{file}` is no Python that can be read: {error}") from error


def _diff(name: Path, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _tell(name: Path, ported: Ported) -> int:
    for finding in ported.findings:
        say(f"{name}:{finding.line}: {finding.message}\n  fix: {finding.fix}")
    return len(ported.findings)


def _try(folder: Path, ported: dict[Path, Ported], files: list[Path]) -> int:
    """Load and compile files in a copy of the folder; gives how many do not."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="alula-port-") as temporary:
        copy = Path(temporary) / folder.name
        shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules"))
        for file, each in ported.items():
            (copy / file.relative_to(folder)).write_text(each.text, encoding="utf-8")
        for file in files:
            name = file.resolve().relative_to(folder)
            trouble = _trouble(copy, name)
            if trouble:
                say(f"{name}: does not load\n  {trouble.replace(f'{copy}/', '')}")
                failed += 1
    return failed


def _trouble(folder: Path, name: Path) -> str:
    """The error of loading and compiling a file; empty if it does, and if it declares nothing."""
    command = [sys.executable, "-c", "from alula.cli.main import main; main()", "register", "--dry-run", str(name)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0 or "error[NothingDeclared]" in done.stderr:
        return ""
    return done.stderr.strip().partition("error[")[2].join(["error[", ""]) or done.stderr.strip()
