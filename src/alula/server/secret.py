"""Settings that nobody is shown: passwords, tokens, and URLs that may hold one.

Instead of the secret itself a setting may say where it is: `file:PATH`, whose text it is but for the end of the last
line, or `env:NAME`, a variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import msgspec

Secret: TypeAlias = Annotated[str, msgspec.Meta(extra={"secret": True})]
"""The type of such a field."""
HIDDEN = "***"
_FILE, _VARIABLE = "file:", "env:"
_IN_URL = re.compile(r"(://[^:/@]*:).*@")
_IN_QUERY = re.compile(r"(?<=password=)[^&]*")


def is_secret(type: Any) -> bool:
    """True if a field has the type `Secret`."""
    return any(isinstance(each, msgspec.Meta) and (each.extra or {}).get("secret") for each in get_args(type)[1:])


def resolved(secret: str, environment: Mapping[str, str]) -> str:
    """The secret that a setting is or names. Raises `LookupError`, whose text says why it can't be had."""
    if secret.startswith(_FILE):
        path = Path(secret.removeprefix(_FILE)).expanduser()
        try:
            return path.read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise LookupError(f"{path} can't be read: {getattr(error, 'strerror', None) or 'no text'}") from error
    if secret.startswith(_VARIABLE):
        name = secret.removeprefix(_VARIABLE)
        if name not in environment:
            raise LookupError(f"there is no variable {name}")
        return environment[name]
    return secret


def hidden(secret: str) -> str:
    """A secret as it is shown: its place, a URL without its password, or nothing of it."""
    if not secret or secret.startswith((_FILE, _VARIABLE)):
        return secret
    return _IN_QUERY.sub(HIDDEN, _IN_URL.sub(rf"\1{HIDDEN}@", secret)) if "://" in secret else HIDDEN
