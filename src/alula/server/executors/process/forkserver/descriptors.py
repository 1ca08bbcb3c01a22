"""Resources that forks share although each has a memory of its own: open files, connections, and memory that was mapped
to be shared. Data that one attempt reads from these, another misses."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Mapping
from typing import Any

from .procfs import read_text

HARMLESS_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts/")
HARMLESS_KINDS = ("anon_inode:[pidfd]", "anon_inode:bpf")
PACKAGES = ("socket", "ssl", "select")
"""Modules whose objects have a descriptor, beside files."""


def open_descriptors() -> dict[int, str]:
    """The target of each open descriptor of this process."""
    found: dict[int, str] = {}
    for each in os.listdir("/proc/self/fd"):
        try:
            found[int(each)] = os.readlink(f"/proc/self/fd/{each}")
        except OSError:  # that of the listing
            continue
    return found


def shared_descriptors(before: Mapping[int, str]) -> list[str]:
    """Descriptions of those that were opened since `before` and by which forks would disturb each other."""
    opened = {number: link for number, link in open_descriptors().items() if before.get(number) != link}
    found = {number: what for number, link in opened.items() if (what := description(number, link))}
    names = names_of(found) if found else {}
    return [what + (f" ({names[number]})" if number in names else "") for number, what in sorted(found.items())]


def description(number: int, link: str) -> str:
    """A description of a descriptor; empty if it has no state that forks share."""
    if link.startswith("socket:"):
        return connection(number)
    if link.startswith("pipe:"):
        return "a pipe"
    if link.startswith("anon_inode:"):
        return "" if link.startswith(HARMLESS_KINDS) else f"an {link[len('anon_inode:') :].strip('[]')}"
    if not link.startswith("/"):
        return ""  # a namespace
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return f"the file {link}" if has_position(number, link) else ""
    if stat.S_ISDIR(mode) or link.startswith(HARMLESS_DEVICES):
        return ""
    return f"the pipe {link}" if stat.S_ISFIFO(mode) else f"the device {link}"


def has_position(number: int, link: str) -> bool:
    """True if it matters how far a file was read or written: not if all is appended, and not if the file was only
    opened to be mapped."""
    fields = dict(
        line.split(":\t", 1) for line in read_text(f"/proc/self/fdinfo/{number}").splitlines() if ":\t" in line
    )
    flags = int(fields.get("flags", "0"), 8)
    if flags & os.O_APPEND and flags & os.O_ACCMODE == os.O_WRONLY:
        return False
    is_mapped = any(line.endswith(f" {link}") for line in read_text("/proc/self/maps").splitlines())
    return not (is_mapped and flags & os.O_ACCMODE == os.O_RDONLY and int(fields.get("pos", "1")) == 0)


def connection(number: int) -> str:
    """A description of a socket, with its peer if that can be told."""
    import socket  # lazy: large, and only for what is not forked then

    with socket.socket(fileno=os.dup(number)) as found:
        try:
            peer: Any = found.getpeername() if found.family in (socket.AF_INET, socket.AF_INET6) else None
        except OSError:
            peer = None
    return f"a connection to {peer[0]}:{peer[1]}" if peer else "a socket"


def names_of(numbers: Mapping[int, object]) -> dict[int, str]:
    """The variables of modules that hold these descriptors."""
    names: dict[int, str] = {}
    for module_name, module in list(sys.modules.items()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if issubclass(type(value), io.IOBase) or type(value).__module__ in PACKAGES:
                try:
                    number = value.fileno()
                except (AttributeError, OSError, ValueError):
                    continue
                if number in numbers:
                    names.setdefault(number, f"{module_name}.{name}")
    return names


def shared_memory() -> list[str]:
    """The names of memory that this process and its forks would write to together."""
    found: set[str] = set()
    for line in read_text("/proc/self/maps").splitlines():
        fields = line.split(None, 5)
        if len(fields[1]) == 4 and fields[1][1] == "w" and fields[1][3] == "s":
            path = fields[5] if len(fields) > 5 else ""
            found.add("" if path.startswith("/dev/zero") else path)
    return sorted(found)
