"""Alula's local engine: the same state machine as on the server, in this process."""

import json
import time

began = time.perf_counter()
import alula  # noqa: E402, F401
from alula import task  # noqa: E402, F401

imported = time.perf_counter() - began

from flow import CHAIN, chain, fan  # noqa: E402

FAN = 1000

assert chain(x=0) == CHAIN
began = time.perf_counter()
assert chain(x=0) == CHAIN
chained = time.perf_counter() - began
began = time.perf_counter()
assert len(fan(xs=list(range(FAN)))) == FAN
fanned = time.perf_counter() - began
print("@@" + json.dumps({"import_s": imported, "chain_s": chained, "fan_s": fanned}))
