"""Sizes as people read them."""

from __future__ import annotations


def text_of_bytes(size: int) -> str:
    """`1.5 GiB`, `200 MiB`, `10 bytes`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:,.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"
