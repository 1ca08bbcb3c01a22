"""The files that a packed code folder leaves out, by the rules of `.gitignore`, `.dockerignore` and `.flyteignore`.

Pure functions of patterns and paths. Paths are relative to the packed folder, with `/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

ALWAYS = (
    ".git/",
    ".hg/",
    ".svn/",
    "__pycache__/",
    "*.py[cod]",
    ".venv/",
    ".venv-*/",
    "venv/",
    "node_modules/",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".ipynb_checkpoints/",
    ".cache/",
    "*.egg-info/",
    ".DS_Store",
    ".idea/",
    ".vscode/",
)
"""Files and folders that never belong to a program's code."""

SECRETS = (
    ".env",
    ".env.*",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".ssh/",
    ".aws/",
    ".gnupg/",
)
"""Files and folders that mostly hold keys and passwords. All readers of a platform's objects can read packed code."""


class Rule(NamedTuple):
    """One line of an ignore file."""

    pattern: re.Pattern[str]
    keep: bool
    """True if the line began with `!`: files that match are packed after all."""
    folders_only: bool


def rules(lines: Iterable[str], *, base: str = "", anchored: bool = False) -> list[Rule]:
    """The rules of one ignore file that lies in folder `base` (`""` for the packed folder itself).

    `anchored` is `.dockerignore`'s reading: a pattern counts from the folder of the file, at no deeper level.
    """
    found: list[Rule] = []
    for line in lines:
        text = line.rstrip("\r\n")
        text = text if text.endswith("\\ ") else text.rstrip(" ")
        if not text or text.startswith("#"):
            continue
        keep = text.startswith("!")
        text = text.removeprefix("!").removeprefix("\\")
        folders_only = text.endswith("/")
        text = text.rstrip("/")
        rooted = anchored or "/" in text
        text = text.removeprefix("./").lstrip("/")
        if not text:
            continue
        start = re.escape(f"{base}/") if base else ""
        anywhere = "" if rooted else "(?:.*/)?"
        found.append(Rule(re.compile(f"{start}{anywhere}{_regex(text)}"), keep, folders_only))
    return found


def is_ignored(path: str, ordered: Iterable[Rule], *, is_folder: bool) -> bool:
    """True if the last rule that matches `path` leaves it out. Ask for its parents first."""
    ignored = False
    for rule in ordered:
        if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(path):
            ignored = not rule.keep
    return ignored


def _regex(glob: str) -> str:
    """The glob as a regular expression: `*` and `?` stay in one segment, `**` crosses them."""
    pieces: list[str] = []
    position = 0
    while position < len(glob):
        character = glob[position]
        if glob.startswith("**/", position):
            pieces.append("(?:.*/)?")
            position += 3
        elif glob.startswith("**", position):
            pieces.append(".*")
            position += 2
        elif character == "[" and (end := glob.find("]", position + 2)) > 0:
            body = glob[position + 1 : end].replace("\\", "\\\\")
            pieces.append(f"[^{body[1:]}]" if body[0] in "!^" else f"[{body}]")
            position = end + 1
        elif character == "\\" and position + 1 < len(glob):
            pieces.append(re.escape(glob[position + 1]))
            position += 2
        else:
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character))
            position += 1
    return "".join(pieces)
