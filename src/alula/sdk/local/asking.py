"""The gates of a local run: questions on the terminal, and answers from standard input, one line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TypeAlias

from flyteidl.core.literals_pb2 import Literal, LiteralMap
from flyteidl.core.types_pb2 import LiteralType

from alula.core.engine.plan import GateRule
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.core.literals.casting import explain_type
from alula.core.literals.checking import check_literal, literal_type_of
from alula.sdk.client.literals import literal_of
from alula.sdk.client.python_types import python_type_of
from alula.sdk.runtime.failure import StoppedFromOutside
from alula.sdk.store import NO_STORE, Store
from alula.sdk.types.engine import from_plain, to_python
from alula.sdk.types.transformer import TypeMismatch, describe_literal

_SHOWN_CHARS = 500
_YES, _NO = ("y", "yes", "true"), ("n", "no", "false")


ReadAnswer: TypeAlias = Callable[[str, object, str], object]
"""The value of a type that a text stands for, and where it belongs, for errors. Raises `InvalidInput` or
`TypeMismatch`."""


def read_plain(text: str, py_type: object, where: str) -> object:
    """A value as JSON, or as the text that it is. Raises `TypeMismatch`."""
    try:
        return from_plain(json.loads(text), py_type, NO_STORE)
    except (ValueError, TypeMismatch):
        return from_plain(text, py_type, NO_STORE)


def ask(rule: GateRule, inputs: bytes, *, read: ReadAnswer, store: Store) -> Literal:
    """The answer to an approval or a question for a value; asks again after a line that is none.

    Args:
        rule: of the gate.
        inputs: of the gate, a serialized `core.LiteralMap`: what is to be approved.
        read: makes a value of a line.
        store: for files among the values.

    Raises `FailedPrecondition` when standard input has no line for it.
    """
    if rule.kind == "approve":
        values = LiteralMap.FromString(inputs).literals.values()
        shown = ", ".join(_shown(value, store) for value in values)
        return _approval(rule.signal_id, f"`{rule.signal_id}`: approve {shown}? [y/n] ")
    literal_type = LiteralType.FromString(rule.type)
    py_type: object = python_type_of(literal_type)
    question = f"`{rule.signal_id}` ({explain_type(literal_type)}): "
    while True:
        line = _line(rule.signal_id, question)
        try:
            answer = literal_of(read(line, py_type, f"`{rule.signal_id}`"), literal_type, store)
        except (InvalidInput, TypeMismatch) as error:
            _say(f"{error}\n")
            continue
        reason = check_literal(answer, literal_type)
        if reason is None:
            return answer
        _say(f"`{rule.signal_id}`: {reason}\n")


def _approval(name: str, question: str) -> Literal:
    while True:
        word = _line(name, question).lower()
        if word in (*_YES, *_NO):
            literal = Literal()
            literal.scalar.primitive.boolean = word in _YES
            return literal
        _say("answer `y` or `n`\n")


def _line(name: str, question: str) -> str:
    _say(question)
    try:
        line = sys.stdin.readline() if sys.stdin is not None else ""
    except OSError:  # closed, or kept from tests
        line = ""
    except StoppedFromOutside:  # the gate has timed out
        _say("\n")
        raise
    if not line:
        _say("\n")
        raise FailedPrecondition(
            "GateNotAnswered",
            f"the run waits for an answer to `{name}`, but standard input has none",
            fix="run it in a terminal, give the answers one a line (`echo y | alula run ...`), or run it on a platform",
        )
    return line.strip()


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _shown(literal: Literal, store: Store) -> str:
    """The value to be approved, in short; a file by its URI."""
    try:
        value = to_python(literal, python_type_of(literal_type_of(literal)), store)
    except (InvalidInput, TypeMismatch):
        return describe_literal(literal)
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"
