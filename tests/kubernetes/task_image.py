"""An image with Alula for tasks, made of this machine's own Python: nothing is pulled.

It has the interpreter, what the core of Alula depends on, the sources of this checkout, and the shared libraries of
all that.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.kubernetes.cluster import PAUSE, Cluster

IMAGE = "localhost/alula-tasks:1"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""Clients of object stores want some, whether they use them or not."""
SOURCE = Path(__file__).parents[2] / "src/alula"
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_LEFT_OUT = (
    "site-packages",
    "test",
    "idlelib",
    "ensurepip",
    "tkinter",
    "lib2to3",
    "turtledemo",
    "__pycache__",
    "config-*",
)
_DOCKERFILE = f"""FROM {PAUSE}
COPY root /
ENV PATH=/python/bin:/bin PYTHONPATH=/packages HOME=/tmp
ENTRYPOINT []
"""


def load_task_image(cluster: Cluster) -> None:
    """Make the image, and hand it to the cluster's node. Blocks for some seconds."""
    context = cluster.folder / "alula-tasks"
    if context.exists():
        return
    root = context / "root"
    _copy_python(root / "python")
    packages = root / "packages"
    for name in _needed("alula"):
        _copy_package(name, packages)
    shutil.copytree(SOURCE, packages / "alula", ignore=shutil.ignore_patterns("__pycache__"))
    for path in _libraries(root):
        (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / path.lstrip("/"))
    (root / CERTIFICATES.lstrip("/")).parent.mkdir(parents=True)
    shutil.copy(CERTIFICATES, root / CERTIFICATES.lstrip("/"))
    _write_entry(root / "bin/alula-execute", "alula.sdk.runtime.entrypoint")
    _write_entry(root / "bin/alula-copilot", "alula.copilot.main")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (context / "Dockerfile").write_text(_DOCKERFILE)
    cluster.load(IMAGE, context)


def _copy_python(to: Path) -> None:
    base = Path(sys.base_prefix)
    shutil.copytree(base / f"lib/{_PYTHON}", to / f"lib/{_PYTHON}", ignore=shutil.ignore_patterns(*_LEFT_OUT))
    (to / "bin").mkdir()
    shutil.copy(base / f"bin/{_PYTHON}", to / "bin/python3")


def _needed(name: str) -> set[str]:
    """A distribution's dependencies, and theirs, without extras."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for each in importlib.metadata.requires(waiting.pop()) or ():
            needed = re.split(r"[^A-Za-z0-9_.-]", each)[0]
            if "extra ==" in each or needed in found:
                continue
            try:
                importlib.metadata.version(needed)
            except importlib.metadata.PackageNotFoundError:
                continue  # for another Python or system
            found.add(needed)
            waiting.append(needed)
    return found


def _copy_package(name: str, to: Path) -> None:
    for file in importlib.metadata.files(name) or ():
        path = Path(str(file.locate()))
        if ".." in file.parts or "__pycache__" in file.parts or not path.exists():
            continue
        target = to / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def _libraries(root: Path) -> Iterator[str]:
    """The shared libraries that the programs and modules below a folder load, and their loader."""
    programs = [root / "python/bin/python3", *root.rglob("*.so*")]
    told = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    yield from sorted(set(re.findall(r"(?:=> |^\s)(/\S+) \(0x", told, re.MULTILINE)))


def _write_entry(path: Path, module: str) -> None:
    path.parent.mkdir(exist_ok=True)
    code = f"import sys; from {module} import main; sys.exit(main())"
    path.write_text(f'#!/bin/sh\nexec /python/bin/python3 -P -c "{code}" "$@"\n')
    path.chmod(0o755)
