"""Packing the code that a command was pointed at, as its options say."""

from __future__ import annotations

import sys
from pathlib import Path

from alula.sdk.client.package import Bundle, imported_files, package


def bundle_of(root: Path, copy: str) -> Bundle:
    """The code folder: all of it, or (`auto`) the modules below it that are imported now."""
    files = imported_files(root, list(sys.modules.values())) if copy == "auto" else None
    return package(root, files=files)
