"""`Deck`: a tab of a task's report. All decks of an attempt become one page that needs nothing else.

A deck's content is HTML by the author and stands in a sandboxed frame of its own: whatever it contains can
neither break the page nor reach what serves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from alula.sdk.task_context.context import current_context
from alula.sdk.task_context.tab import Tab

FILE_NAME = "deck.html"


class Deck(Tab):
    """One tab of a task's report.

    ```python
    @task(enable_deck=True)
    def evaluate(scores: list[float]) -> float:
        Deck("Scores").append(f"<p>best: {max(scores)}</p>").figure(plot(scores))
        return max(scores)
    ```
    """

    def __init__(self, name: str, html: str = "", auto_add_to_deck: bool = True) -> None:
        """`html` is put on the page as it is: escape text with `html.escape`, or use `text` and `table`."""
        super().__init__(name, html)
        if auto_add_to_deck:
            current_context().decks.append(self)

    @staticmethod
    def publish() -> None:
        """Write the page as it is now: that stays, whatever becomes of the process. The end writes it again."""
        current_context().publish_decks()


def render(decks: Iterable[Tab], *, title: str) -> str:
    """One page with a tab for each deck; decks of one name share a tab."""
    contents: dict[str, list[str]] = {}
    for deck in decks:
        contents.setdefault(deck.name, []).append(deck.html)
    tabs: list[str] = []
    for index, (name, parts) in enumerate(contents.items()):
        document = escape(_FRAME_STYLE + "\n".join(parts), quote=True)
        checked = " checked" if index == 0 else ""
        tabs.append(
            f'<input type="radio" name="tab" id="tab{index}"{checked}>'
            f'<label for="tab{index}">{escape(name)}</label>'
            f'<iframe title="{escape(name, quote=True)}" sandbox="allow-scripts allow-popups" '
            f'srcdoc="{document}"></iframe>'
        )
    return _PAGE.replace("{title}", escape(title)).replace("{tabs}", "\n".join(tabs))


_FRAME_STYLE = (
    "<!doctype html><meta charset=utf-8><style>"
    "body{font:15px/1.5 system-ui,sans-serif;margin:16px;color:#1d2430}"
    "table{border-collapse:collapse}th,td{padding:4px 12px;border-bottom:1px solid #d9dee6;text-align:left}"
    "img{max-width:100%}figure{margin:0 0 16px}figcaption{color:#5b6675}pre{white-space:pre-wrap}"
    "</style>"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body { height: 100%; margin: 0; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2430; background: #fff; }
main { display: flex; flex-wrap: wrap; height: 100%; align-content: flex-start; }
input { position: absolute; opacity: 0; }
label { padding: 10px 18px; cursor: pointer; color: #5b6675; border-bottom: 2px solid transparent; }
input:checked + label { color: #1d2430; border-color: #2f6fed; }
input:focus-visible + label { outline: 2px solid #2f6fed; outline-offset: -2px; }
iframe { display: none; order: 1; width: 100%; height: calc(100% - 48px); border: 0; border-top: 1px solid #d9dee6; }
input:checked + label + iframe { display: block; }
</style>
</head>
<body>
<main>
{tabs}
</main>
</body>
</html>
"""
