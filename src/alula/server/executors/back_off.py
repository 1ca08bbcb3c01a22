"""The time to wait before something that failed is tried again."""

from __future__ import annotations

import random

BACK_OFF_MIN_S = 0.5


def back_off_s(failures: int, longest_s: float) -> float:
    """The time to wait after so many failures in a row: twice as long each time, and never the same for all."""
    return min(BACK_OFF_MIN_S * 2 ** min(failures - 1, 16), longest_s) * random.uniform(0.5, 1.0)
