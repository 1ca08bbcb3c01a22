"""The process that reads large results: a program that answers one request after the other until its input ends.

Protobuf reads a message in one call, and nothing else of a Python process runs meanwhile: half a second for 300 MB. So
results that are that large are read, checked and put aside here, and the platform takes the outcome from a pipe.
Results that need more memory than this machine has end this process, and not the platform.
"""

from __future__ import annotations

import contextlib
import struct
import sys
from collections.abc import Sequence
from typing import IO, Any

import msgspec
from google.protobuf.message import Message

from alula.core.literals.offloading import Aside
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.failures import failure_of
from alula.server.executors.process.ending import Rules, failure, update_of
from alula.server.executors.process.wire import End
from alula.server.untrusted import Tree

_LENGTH = struct.Struct(">Q")


class Request(msgspec.Struct, frozen=True):
    """Results to be read."""

    spec: AttemptSpec
    end: End
    rules: Rules
    root: str
    """The root of the tree in which they are."""


class Answer(msgspec.Struct, frozen=True):
    """The outcome, without the bytes of the objects that its outputs refer to: these follow, one after the other."""

    update: AttemptUpdate
    asides: Sequence[tuple[str, int]]
    """URIs and lengths."""


def _packed(message: object) -> bytes:
    assert isinstance(message, Message)
    return message.SerializeToString()


def _unpacked(message: type[Any], data: bytes) -> object:
    return message.FromString(data)


REQUEST_ENCODER = msgspec.msgpack.Encoder(enc_hook=_packed)
REQUEST_DECODER = msgspec.msgpack.Decoder(Request, dec_hook=_unpacked)
ANSWER_ENCODER = msgspec.msgpack.Encoder()
ANSWER_DECODER = msgspec.msgpack.Decoder(Answer)


def main() -> None:
    """Serve the platform that started this process."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            _answer(REQUEST_DECODER.decode(receive(requests)), answers)


def _answer(request: Request, answers: IO[bytes]) -> None:
    try:
        update = update_of(request.spec, request.end, request.rules, Tree(request.root))
    except Exception as error:  # noqa: BLE001 - whatever a task left behind is its own
        update = failure(request.spec, failure_of(error, request.spec.id), request.end.usage)
    sizes = [(aside.uri, len(aside.data)) for aside in update.asides]
    send(answers, ANSWER_ENCODER.encode(Answer(msgspec.structs.replace(update, asides=()), sizes)))
    for aside in update.asides:
        answers.write(aside.data)
    answers.flush()


def send(stream: IO[bytes], data: bytes) -> None:
    """Write a message. Raises OSError."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """The next message. Raises `EOFError` if none comes any more, OSError."""
    (length,) = _LENGTH.unpack(receive_bytes(stream, _LENGTH.size))
    return receive_bytes(stream, length)


def receive_bytes(stream: IO[bytes], length: int) -> bytes:
    """So many of them. Other threads go on meanwhile. Raises `EOFError`, OSError."""
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def receive_answer(stream: IO[bytes]) -> AttemptUpdate:
    """The answer to a request. Raises `EOFError`, OSError."""
    answer = ANSWER_DECODER.decode(receive(stream))
    asides = [Aside(uri, receive_bytes(stream, length)) for uri, length in answer.asides]
    return msgspec.structs.replace(answer.update, asides=asides)


if __name__ == "__main__":
    main()
