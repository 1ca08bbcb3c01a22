"""Things that a task may leave where a file is expected."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

TERABYTE = 1 << 40


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").write_bytes(b"x")


def deep_folder(path: Path) -> None:
    """Its path is longer than the kernel takes."""
    path.mkdir()
    here = os.open(path, os.O_RDONLY)
    for _ in range(50):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def unix_socket(path: Path) -> None:
    """Bound by a short name, as that of a socket may have 107 characters only."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def endless_link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_file(path: Path) -> None:
    path.symlink_to("/proc/version")  # not even root changes that: what follows the link harms nobody


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(TERABYTE)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "folder": folder,
    "deep folder": deep_folder,
    "socket": unix_socket,
    "endless link": endless_link,
    "link to itself": link_to_itself,
    "link to a file": link_to_file,
    "dangling link": dangling_link,
}
HOSTILE = {**NO_FILES, "sparse": sparse}
