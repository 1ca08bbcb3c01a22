"""The launch form sends what the command line sends."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import json
import re
import secrets
import urllib.request
from pathlib import Path
from typing import Any

import msgspec
from flyteidl.admin.execution_pb2 import WorkflowExecutionGetDataResponse
from flyteidl.core.literals_pb2 import LiteralMap
from google.protobuf.json_format import Parse
from tests.browser.conftest import Open
from tests.browser.looks import ended, expect
from tests.integration.platform import RunningPlatform, alula

FLOWS = Path(__file__).parent / "flows/typed.py"
LEAF = {"name": "a", "weight": 2}
TREE = {
    "leaf": LEAF,
    "leaves": [{"name": "b"}],
    "by_day": {"7": 0.5},
    "at": "2026-11-29T17:00:00+02:00",
    "colour": "blue",
    "either": "7",
    "long": "90s",
    "where": ["s3://bucket/one"],
}
INPUTS = {
    "whole": 9007199254740993,
    "number": 0.1,
    "text": "two\nlines",
    "yes": True,
    "at": "2026-11-29T17:00:00.25+02:00",
    "day": "2026-01-31",
    "long": "1h30m",
    "colour": "blue",
    "pick": 2,
    "id": "6f1b0f2e-0b9c-4c55-9d3a-6a3f1c2b4d5e",
    "price": "1.50",
    "numbers": [1, 2.5],
    "rates": {"b": 1, "a": 2},
    "either": "x",
    "maybe": None,
    "some": [3],
    "file": "s3://bucket/key.csv",
    "folder": "s3://bucket/folder",
    "free": {"b": 1.0, "a": [1, None, 12345678901234567]},
    "tree": TREE,
    "trees": [{"name": "c"}],
    "model": {"count": 3, "rate": 1},
    "pair": {"left": 1},
}
UNORDERED = "tree"
"""It has several fields that are optional. FlyteIDL tells no order of them; the cache does not look at it."""


def test_a_form_sends_what_the_command_line_sends(visit: Open, site: RunningPlatform, tmp_path: Path) -> None:
    name = f"typed-{secrets.token_hex(3)}"
    (tmp_path / "inputs.json").write_text(json.dumps(INPUTS))
    given = ("--inputs-file", str(tmp_path / "inputs.json"), "--name", name, "--wait")
    done = alula("run", "--remote", "--endpoint", site.grpc, *given, str(FLOWS), "typed")
    assert done.returncode == 0, done.stderr
    page = visit("/launch?kind=launch_plan&name=typed.typed")
    _fill(page)
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile("/executions/[a-z0-9]+"))
    ended(page, "succeeded")
    expect(page.get_by_role("row").filter(has_text="take")).to_contain_text("cached")
    ours, theirs = (_stored(site, each) for each in (re.findall(r"/executions/(\w+)", page.url)[0], name))
    assert ours.literals.keys() == theirs.literals.keys() == INPUTS.keys()
    for name in INPUTS.keys() - {UNORDERED}:
        assert _bytes(ours, name) == _bytes(theirs, name), name
    assert _in_order(ours) == _in_order(theirs)


# `Any`: a page of Playwright.
def _fill(page: Any) -> None:
    def write(name: str, text: str) -> None:
        page.get_by_role("textbox", name=name, exact=True).fill(text)

    def choose(group: str, name: str) -> None:
        page.get_by_role("radiogroup", name=group, exact=True).get_by_role("radio", name=name, exact=True).check()

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    for name in ("whole", "number", "text", "at", "day", "long", "id", "price", "file", "folder"):
        write(name, str(INPUTS[name]))
    choose("yes", "Yes")
    choose("colour", "blue")
    choose("pick", "2")
    for at, number in enumerate(INPUTS["numbers"]):
        press("Add to numbers")
        write(f"numbers {at}", str(number))
    for at, (key, number) in enumerate(INPUTS["rates"].items()):
        press("Add to rates")
        write(f"Key {at} of rates", key)
        write(f"rates {key}", str(number))
    choose("Type of either", "str")
    write("either", "x")
    choose("Type of some", "list[int]")
    press("Add to some")
    write("some 0", "3")
    write("free, as JSON", json.dumps(INPUTS["free"]))
    press("Add to trees")
    write("trees 0.name", "c")
    write("model.count", "3")
    choose("Type of model.rate", "float")
    write("model.rate", "1")
    write("pair.left", "1")
    write("tree.leaf.name", "a")
    write("tree.leaf.weight", "2")
    press("Add to tree.leaves")
    write("tree.leaves 0.name", "b")
    press("Add to tree.by_day")
    write("Key 0 of tree.by_day", "7")
    write("tree.by_day 7", "0.5")
    choose("Type of tree.at", "datetime")
    write("tree.at", TREE["at"])
    choose("tree.colour", "blue")
    choose("Type of tree.either", "str")
    write("tree.either", "7")
    press("Set tree.long")
    write("tree.long", "90s")
    press("Set tree.where")
    press("Add to tree.where")
    write("tree.where 0", "s3://bucket/one")


def _stored(site: RunningPlatform, name: str) -> LiteralMap:
    url = f"{site.http}/api/v1/data/executions/flytesnacks/development/{name}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return Parse(answer.read(), WorkflowExecutionGetDataResponse()).full_inputs


def _bytes(inputs: LiteralMap, name: str) -> bytes:
    return inputs.literals[name].SerializeToString(deterministic=True)


def _in_order(inputs: LiteralMap) -> object:
    return _ordered(msgspec.msgpack.decode(inputs.literals[UNORDERED].scalar.binary.value))


# `Any`: whatever msgpack holds.
def _ordered(value: Any) -> object:
    """Tells a whole number from a float, which Python's `==` does not."""
    if isinstance(value, dict):
        return sorted((repr(key), _ordered(each)) for key, each in value.items())
    return [_ordered(each) for each in value] if isinstance(value, list) else repr(value)
