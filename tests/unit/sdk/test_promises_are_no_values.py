"""What Python can do with a value, tried on what has none yet: each use works, or is refused by an error of ours."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from alula.cli.load import load, source_of
from alula.core.errors import AlulaError

MODULE = """
    import asyncio, copy, datetime, decimal, json, math, operator, os, pathlib, pickle, re, struct
    from alula import task, workflow

    @task
    def number() -> int:
        return 1

    @task
    def numbers() -> list[int]:
        return [1]

    @task
    def pair() -> tuple[int, str]:
        return 1, "a"

    @task
    def quiet(): ...

    async def anyhow(a):
        async with a: ...

    async def each(a):
        async for item in a: ...

    seen = []

    @workflow
    def w(n: int = 1) -> int:
        a, items, both, none = number(), numbers(), pair(), quiet()
        is_big = a > 3
"""
REFUSED = [
    # of a promise
    *(
        "if a: ...",
        "not a",
        "a and 1",
        "a or 1",
        "while a: ...",
        "assert a",
        "1 < a < 3",
        "max(a, 3)",
        "sorted([a, a])",
    ),
    *("[x for x in items]", "list(items)", "x, y = items", "print(*items)", "sum(items)", "any(items)", "iter(items)"),
    *("next(items)", "reversed(items)", "enumerate(items)", "asyncio.run(each(items))", "','.join(items)"),
    *("len(items)", "operator.length_hint(items)", "3 in items", "a in [1, 2]", "[1, 2].index(a)"),
    *("int(a)", "float(a)", "complex(a)", "bytes(a)", "str(a)", "f'{a}'", "'{}'.format(a)", "'%s' % a", "'%d' % a"),
    *("format(a, '>3')", "print(a)", "round(a)", "round(a, 2)", "math.floor(a)", "math.trunc(a)", "math.sqrt(a)"),
    *("range(a)", "'abc'[a]", "'abc'[:a]", "hex(a)", "struct.pack('i', a)", "operator.index(a)"),
    *("a + 1", "1 + a", "a - 1", "a * 2", "a / 2", "a // 2", "a % 2", "a ** 2", "pow(a, 2, 3)", "a @ a", "1 @ a"),
    *("divmod(a, 2)", "divmod(2, a)", "a << 1", "1 << a", "1 >> a", "a ^ 1", "1 ^ a", "-a", "+a", "~a", "abs(a)"),
    *("'a' + a", "a += 1", "a()", "a.append(3)", "dict(**a)", "a.x = 1", "del a.x", "a[0] = 1", "del a[0]"),
    *("with a: ...", "asyncio.run(anyhow(a))", "open(a)", "os.path.join('a', a)", "pathlib.Path(a)", "os.listdir(a)"),
    *("pickle.dumps(a)", "json.dumps(a)", "json.dumps({'a': [a]})", "json.dumps(a, default=str)", "memoryview(a)"),
    *("','.join([a])", "re.match('a', a)", "decimal.Decimal(a)", "datetime.timedelta(days=a)", "'a'.startswith(a)"),
    *("os.environ['A'] = a", "ord(a)", "l = [a]; ','.join(l)"),
    # of an input, an item, and an attribute
    *("if n: ...", "json.dumps(n)", "f'{items[0]}'", "len(a.x)", "n + items[-1]"),
    # of a comparison
    *("if is_big: ...", "not is_big", "is_big == True", "is_big != is_big", "str(is_big)", "is_big + 1", "is_big < 2"),
    *("int(is_big)", "~is_big", "sorted([is_big, is_big])", "json.dumps(is_big)", "(a > 1) & (a < 3) == True"),
    # of the outputs of a step
    *("if both: ...", "if none: ...", "not none", "both == (1, 'a')", "none == None", "both < both", "both.x = 1"),
    *("int(both)", "str(none)", "f'{both}'", "json.dumps(both)", "with none: ...", "pickle.dumps(both)", "both - 1"),
]
INDICES = ["items[1:2]", "items[a]", "items[True]", "items[1, 2]", "items[1.5]", "items[None]"]
WORKS = {
    "items[0]": "<promise of `n1.o0[0]`>",
    "items[-1]": "<promise of `n1.o0[-1]`>",
    "a['k'].x": "<promise of `n0.o0.k.x`>",
    "a == 3": "(<promise of `n0.o0`> == 3)",
    "3 < a": "(<promise of `n0.o0`> > 3)",
    "(a > 1) & (a < 3)": "((<promise of `n0.o0`> > 1) & (<promise of `n0.o0`> < 3))",
    "copy.copy(a)": "<promise of `n0.o0`>",
    "copy.deepcopy([a])": "[<promise of `n0.o0`>]",
    "copy.deepcopy(both)": "(<promise of `n2.o0`>, <promise of `n2.o1`>)",
    "{a: 1}[a]": "1",
    "len({is_big, is_big})": "1",
    "f'{a!r}'": "'<promise of `n0.o0`>'",
    "both[0]": "<promise of `n2.o0`>",
    "[*both]": "[<promise of `n2.o0`>, <promise of `n2.o1`>]",
    "len(both)": "2",
    "both + both[:1]": "(<promise of `n2.o0`>, <promise of `n2.o1`>, <promise of `n2.o0`>)",
    "asyncio.run(asyncio.wait_for(a, 1))": "<promise of `n0.o0`>",
}


def graph_of(body: str, folder: Path):
    path = folder / f"uses_{abs(hash(body))}.py"
    path.write_text(f"{textwrap.dedent(MODULE)}    {body}\n    return number()\n")
    module = load(source_of(path))
    module.w.graph()
    return module


@pytest.mark.parametrize("body", REFUSED)
def test_a_use_as_a_value_is_refused(body, tmp_path):
    with pytest.raises(AlulaError) as raised:
        graph_of(body, tmp_path)
    assert raised.value.code == "PromiseUsedAsValue"
    assert re.match(rf"{tmp_path}/uses_\d+\.py:\d+: .*has no value", raised.value.message)
    assert re.search(r"<promise of (`n\d\.|input `n`)", raised.value.message) or "none" in body
    assert "@dynamic" in raised.value.fix
    assert "in a task" in raised.value.fix


@pytest.mark.parametrize("body", INDICES)
def test_an_index_is_a_constant(body, tmp_path):
    with pytest.raises(AlulaError, match=r"<promise of `n1\.o0`> is indexed with") as raised:
        graph_of(body, tmp_path)
    assert raised.value.code == "WrongIndex"
    assert "@dynamic" in raised.value.fix


@pytest.mark.parametrize("body", WORKS)
def test_what_needs_no_value_works(body, tmp_path):
    module = graph_of(f"seen.append(repr({body}))", tmp_path)
    assert module.seen == [WORKS[body]]


@pytest.mark.parametrize("step", ["a", "both", "number", "w_step"])
def test_settings_of_a_step_are_given_by_name(step, tmp_path):
    with pytest.raises(AlulaError, match="`with_overrides` is given 3 without a name") as raised:
        graph_of(f"w_step = number.with_overrides(retries=1)(); {step}.with_overrides(3)", tmp_path)
    assert raised.value.code == "UnknownOverride"


def test_an_error_of_the_authors_own_stays_as_it_is(tmp_path):
    for body in ("json.dumps(object())", "1 + None", "a = number(); json.dumps(object)", "raise KeyError('Promise')"):
        with pytest.raises((TypeError, KeyError)):
            graph_of(body, tmp_path)
