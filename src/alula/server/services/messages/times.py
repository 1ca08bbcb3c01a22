"""Microseconds since the epoch as protobuf times."""

from __future__ import annotations

from google.protobuf import duration_pb2, timestamp_pb2


def timestamp(at_us: int | None) -> timestamp_pb2.Timestamp | None:
    """A moment; None if there was none."""
    if at_us is None:
        return None
    seconds, micros = divmod(at_us, 1_000_000)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=micros * 1000)


def duration(started_us: int | None, ended_us: int | None) -> duration_pb2.Duration | None:
    """The time from start to end; None if one of them is missing."""
    if started_us is None or ended_us is None:
        return None
    seconds, micros = divmod(max(0, ended_us - started_us), 1_000_000)
    return duration_pb2.Duration(seconds=seconds, nanos=micros * 1000)
