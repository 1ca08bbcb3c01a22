"""Alula's local engine: the same state machine as on the server, in this process."""

import json
import time

from flow import CHAIN, FAN, chain, fan, nodes

assert chain(x=0) == CHAIN
began = time.perf_counter()
assert chain(x=0) == CHAIN
chain_s = time.perf_counter() - began
began = time.perf_counter()
assert len(fan(xs=list(range(FAN)))) == FAN
fan_s = time.perf_counter() - began
began = time.perf_counter()
nodes(x=0)
nodes_s = time.perf_counter() - began
print("@@" + json.dumps({"chain_s": chain_s, "fan_s": fan_s, "nodes_s": nodes_s}))
