"""To which project and domain things belong that do not name them in so many words."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alula.core.ids import Place
from alula.server.access import Places, covers
from alula.server.services.engine_entries import place_of as place_of_key
from alula.server.services.layout import place_of

ROOT = "/data/objects"
MINE = Place("mine", "development")


class Named:
    def uri(self, *parts: str) -> str:
        return "/".join((ROOT, *parts))


NAMED = cast(Any, Named())
segments = st.lists(
    st.sampled_from(["", ".", "..", "data", "metadata", "mine", "theirs", "development", "x"]), max_size=8
)


@pytest.mark.parametrize("kind", ["data", "metadata", "uploads"])
def test_an_object_belongs_to_the_place_in_its_path(kind: str) -> None:
    assert place_of(NAMED, f"{ROOT}/{kind}/mine/development/run.1/n0/inputs.pb") == MINE


@pytest.mark.parametrize(
    "uri",
    [
        "",
        ROOT,
        f"{ROOT}/identity",
        f"{ROOT}/data/mine",
        f"{ROOT}/data/mine/development",
        f"{ROOT}/other/mine/development/x",
        f"{ROOT}/data/mine/development/../../theirs/development/x",
        f"{ROOT}/./data/mine/development/x",
        f"{ROOT}//data/mine/development/x",
        f"{ROOT}x/data/mine/development/x",
        "s3://bucket/data/mine/development/x",
    ],
)
def test_all_else_belongs_to_the_platform(uri: str) -> None:
    assert place_of(NAMED, uri) == Place()


@given(segments)
def test_no_path_leads_out_of_the_place_that_it_is_taken_for(parts: list[str]) -> None:
    place = place_of(NAMED, "/".join((ROOT, *parts)))
    walked: list[str] = []
    for part in parts:
        if part == "..":
            del walked[-1:]
        elif part not in ("", "."):
            walked.append(part)
    assert place == Place() or place == Place(*walked[1:3])


def test_a_key_of_the_engine_belongs_to_its_project_and_any_other_to_the_platform() -> None:
    assert place_of_key(f"mine:development:{'0' * 64}") == MINE
    assert place_of_key("mine:development:mine") == place_of_key("anything") == Place()


@pytest.mark.parametrize(
    ("places", "place", "is_covered"),
    [
        (None, Place(), True),
        (frozenset(), MINE, False),
        (frozenset({MINE}), MINE, True),
        (frozenset({MINE}), Place("mine"), True),
        (frozenset({MINE}), Place("mine", "production"), False),
        (frozenset({Place("mine")}), MINE, True),
        (frozenset({Place("theirs")}), MINE, False),
        (frozenset({MINE}), Place(), False),
    ],
)
def test_places_cover_what_is_in_them(places: Places, place: Place, is_covered: bool) -> None:
    assert covers(places, place) is is_covered
