"""Facts about processes, from /proc."""

from __future__ import annotations

import os

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def read_text(path: str) -> str:
    """The text of a file; empty if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""


def resident_bytes() -> int:
    """The resident memory of this process in bytes, with all that it shares."""
    fields = read_text("/proc/self/statm").split()
    return int(fields[1]) * PAGE_BYTES if fields else 0


def open_children(pid: int) -> int:
    """The kernel's list of a process's children, to be read again and again; -1 if it keeps none."""
    try:
        return os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def children(listing: int) -> list[int]:
    """Process ids of this process's children, zombies included; `listing` is what `open_children` gave."""
    if listing < 0:
        pid = os.getpid()
        return [int(each) for each in os.listdir("/proc") if each.isdigit() and stat_field(each, 1) == pid]
    found = b""
    while piece := os.pread(listing, 4096, len(found)):
        found += piece
    return [int(each) for each in found.split()]


def stat_field(pid: int | str, index: int) -> int:
    """A number of /proc/PID/stat: 1 parent, 3 session; -1 if the process is gone."""
    text = read_text(f"/proc/{pid}/stat")
    fields = text[text.rfind(")") + 2 :].split()
    return int(fields[index]) if fields else -1


def open_files(pid: int | str) -> list[str]:
    """The targets of the file descriptors of a process."""
    folder = f"/proc/{pid}/fd"
    links: list[str] = []
    try:
        for each in os.listdir(folder):
            try:
                links.append(os.readlink(folder + "/" + each))
            except OSError:
                continue
    except OSError:
        pass
    return links


def describe_process(pid: int) -> str:
    """Id and command, for a message."""
    command = read_text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    return f"{pid} {(command or read_text(f'/proc/{pid}/comm'))[:120]}"
