"""`examples/branching.py` does what it says."""

import io
import sys
from pathlib import Path

import pytest
from tests import modules

from alula.sdk.local.run import RunFailed

EXAMPLE = Path(__file__).parents[3] / "examples/branching.py"


@pytest.fixture
def order():
    yield modules.load("branching", EXAMPLE).order
    del sys.modules["branching"]


def test_each_parcel_finds_its_carrier(order, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert order(parcels=[3, 40, 12]) == "shipped for 25.4 EUR"


@pytest.mark.parametrize(
    ("parcels", "answer", "told"),
    [([3], "n", "somebody rejected `ship-it`"), ([300], "", "nobody carries this parcel")],
)
def test_an_order_that_fails_is_cancelled(order, monkeypatch, capfd, parcels, answer, told):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
    with pytest.raises(RunFailed, match=told):
        order(parcels=parcels)
    assert f"1 parcels stay here: {told}" in capfd.readouterr().out
