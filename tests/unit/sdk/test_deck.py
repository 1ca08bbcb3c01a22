"""One page that shows all decks, whatever their content is."""

from html.parser import HTMLParser

from matplotlib.figure import Figure

from alula import Deck, current_context
from alula.sdk.task_context.deck import render


class Frames(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.frames, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs))


def made(name, html=""):
    return Deck(name, html, auto_add_to_deck=False)


def test_each_deck_has_a_tab_and_a_sandbox():
    page = Frames(render([made("One", "<p>1</p>"), made("Two", "<p>2</p>"), made("One", "<p>3</p>")], title="t"))
    assert [frame["title"] for frame in page.frames] == ["One", "Two"]
    assert all("allow-same-origin" not in frame["sandbox"] for frame in page.frames)
    assert "<p>1</p>\n<p>3</p>" in page.frames[0]["srcdoc"]


def test_no_content_leaves_its_frame():
    hostile = '"></iframe><script>alert(1)</script>'
    page = Frames(render([made(hostile, hostile)], title=hostile))
    assert "script" not in page.tags
    assert page.tags.count("iframe") == 1
    assert hostile in page.frames[0]["srcdoc"]


def test_text_and_tables_are_escaped():
    deck = made("d").text("<a>\nb").table([(1, "<")], header=["<h>"])
    assert "<pre>&lt;a&gt;\nb</pre>" in deck.html
    assert "<th>&lt;h&gt;</th>" in deck.html
    assert "<td>&lt;</td>" in deck.html


def test_a_figure_is_a_picture_in_the_page():
    figure = Figure()
    figure.subplots().plot([1, 2])
    assert 'src="data:image/png;base64,iVBOR' in made("d").figure(figure, caption="c").html


def test_a_deck_adds_itself_to_the_running_task():
    before = len(current_context().decks)
    deck = Deck("mine")
    assert current_context().decks[before:] == [deck]
    current_context().decks.remove(deck)
