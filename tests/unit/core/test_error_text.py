from __future__ import annotations

import pytest

from alula.core.error_text import MESSAGE_MAX_BYTES, short_message


@pytest.mark.parametrize("most", [1000, 4096, MESSAGE_MAX_BYTES])
@pytest.mark.parametrize("char", ["x", "\u00e9", "\U0001f426", "\ud800"])
def test_a_long_text_is_cut_in_its_middle_with_a_mark(most: int, char: str) -> None:
    text = f"begins{char * most}ends"
    cut = short_message(text, max_bytes=most)
    assert len(cut.encode("utf-8", "backslashreplace")) <= most
    assert cut.startswith("begins")
    assert cut.endswith("ends")
    assert "characters left out" in cut
    assert short_message(cut, max_bytes=most) == cut


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert short_message("x" * 4096, max_bytes=4096) == "x" * 4096
