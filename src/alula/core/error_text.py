"""The limits on the texts of an error, and the way to cut longer ones.

An error stands in the log of its execution, in rows and in answers to clients, which read messages of at most 4 MiB.
Used by the processes of attempts, too: loads nothing.
"""

from __future__ import annotations

MESSAGE_MAX_BYTES = 64 * 1024
CODE_MAX_CHARS = 200
_NOTE_MAX_BYTES = 64


def short_message(text: str, whole: str = "", *, max_bytes: int = MESSAGE_MAX_BYTES) -> str:
    """The text if it is not too long, else its beginning and its end. `whole` says where all of it is.

    >>> short_message("disk full")
    'disk full'
    """
    if len(text) * 4 <= max_bytes:
        return text
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= max_bytes:
        return text
    where = f"; the whole is in {whole}" if whole else ""
    half = (max_bytes - len(where.encode("utf-8", "backslashreplace")) - _NOTE_MAX_BYTES) // 2
    beginning, end = data[:half].decode(errors="ignore"), data[-half:].decode(errors="ignore")
    left_out = len(text) - len(beginning) - len(end)
    return f"{beginning}\n... {left_out} characters left out{where} ...\n{end}"


def short_code(code: str) -> str:
    """A code of an error, which is one short line."""
    line = " ".join(code[: CODE_MAX_CHARS + 1].split())
    return line if len(line) <= CODE_MAX_CHARS else f"{line[: CODE_MAX_CHARS - 3]}..."
