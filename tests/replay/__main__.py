"""Record executions: `python -m tests.replay [NAME ...]`, scenarios of `scenarios.py`; those without a log if no name
is given. A log that is there is replaced only when it is named."""

from __future__ import annotations

import sys

from tests.replay.record import record
from tests.replay.recording import LOGS, names, save
from tests.replay.scenarios import SCENARIOS

for name in sys.argv[1:] or sorted(SCENARIOS.keys() - names()):
    recording = record(SCENARIOS[name])
    save(name, recording)
    size = sum((LOGS / f"{name}{ending}").stat().st_size for ending in (".log.gz", ".json"))
    print(f"{name}: {len(recording.events)} events, {size} bytes")
