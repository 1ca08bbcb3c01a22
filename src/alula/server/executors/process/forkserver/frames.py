"""Frames over the socket to the platform: one JSON object each, after its length."""

from __future__ import annotations

import json
import os
from typing import Any

RECEIVE_BYTES = 64 * 1024
"""Small enough to come from the heap: a larger buffer would be mapped and unmapped for each frame."""

Frame = dict[str, Any]
"""Its shape is that of the messages in the platform's `wire.py`, which can't be imported here."""


class Platform:
    """The platform, at the other end of a socket, which is used as a file: its module is large."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.unsent: list[bytes] = []
        self._begun = b""
        """The beginning of a frame that has not come as a whole."""

    def receive(self) -> list[Frame] | None:
        """Wait for something, then give every whole frame; None if the platform is gone."""
        try:
            data = os.read(self.file, RECEIVE_BYTES)
        except ConnectionError:
            return None
        if not data:
            return None
        data = self._begun + data
        frames: list[Frame] = []
        start = 0
        while len(data) - start >= 4:
            end = start + 4 + int.from_bytes(data[start : start + 4], "big")
            if len(data) < end:
                break
            frames.append(json.loads(data[start + 4 : end]))
            start = end
        self._begun = data[start:]
        return frames

    def tell(self, frame: Frame) -> None:
        """Have a frame sent with the next `send`."""
        body = json.dumps(frame).encode()
        self.unsent.append(len(body).to_bytes(4, "big") + body)

    def send(self) -> None:
        """Raises OSError when the platform is gone."""
        if self.unsent:
            data, self.unsent = b"".join(self.unsent), []
            while data:
                data = data[os.write(self.file, data) :]
