"""The shape that all fuzzers share: numbered cases of a seed, until the time is up.

`FUZZ_SEED`, `FUZZ_SECONDS` and `FUZZ_CASE` (that one only) come from the environment; `make fuzz` sets them. A case is
made of seed, fuzzer and number alone, so it can be had again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

SECONDS = 12.0


@dataclass(frozen=True)
class Cases:
    """The cases of one fuzzer."""

    fuzzer: str
    seed: str
    seconds: float
    only: int | None = None

    def __iter__(self) -> Iterator[tuple[int, Random]]:
        until = time.monotonic() + self.seconds
        number = 0 if self.only is None else self.only
        while time.monotonic() < until:
            yield number, Random(f"{self.seed}/{self.fuzzer}/{number}")
            if self.only is not None:
                return
            number += 1
        print(f"{self.fuzzer}: {number} cases of seed {self.seed}")

    @contextmanager
    def told(self, *numbers: int) -> Iterator[None]:
        """Say with a failure of one of these cases how to have it again."""
        try:
            yield
        except BaseException as error:
            for number in numbers:
                error.add_note(f"again: make fuzz FUZZER={self.fuzzer} SEED={self.seed} CASE={number}")
            raise


def cases(fuzzer: str) -> Cases:
    """As the environment says."""
    only = os.environ.get("FUZZ_CASE", "")
    return Cases(
        fuzzer,
        os.environ.get("FUZZ_SEED", "0"),
        float(os.environ.get("FUZZ_SECONDS", SECONDS)),
        int(only) if only else None,
    )
