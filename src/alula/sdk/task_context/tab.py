"""`Tab`: the content of one part of a task's report. `Deck` is the one that authors make."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import IO, Protocol, Self


class Figure(Protocol):
    """The part of a matplotlib figure that `Deck.figure` needs."""

    def savefig(self, fname: IO[bytes], *, format: str) -> object: ...


class Tab:
    """HTML under a name."""

    def __init__(self, name: str, html: str = "") -> None:
        self.name = name
        self._parts = [html] if html else []

    @property
    def html(self) -> str:
        """All that was appended."""
        return "\n".join(self._parts)

    def append(self, html: str) -> Self:
        """Add HTML as it is."""
        self._parts.append(html)
        return self

    def text(self, text: str) -> Self:
        """Add text, with its line breaks."""
        return self.append(f"<pre>{escape(text)}</pre>")

    def table(self, rows: Iterable[Sequence[object]], *, header: Sequence[str] = ()) -> Self:
        """Add a table of values."""
        head = "".join(f"<th>{escape(str(cell))}</th>" for cell in header)
        body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
        top = f"<thead><tr>{head}</tr></thead>" if head else ""
        return self.append(f"<table>{top}<tbody>{body}</tbody></table>")

    def show(self, value: object) -> Self:
        """Add a value by the renderer of its class, else as a notebook shows it, else as text."""
        from alula.sdk.task_context.rendering import html_of  # lazy: only decks with values

        return self.append(html_of(value))

    def figure(self, figure: Figure, *, caption: str = "") -> Self:
        """Add a matplotlib figure as a picture."""
        from io import BytesIO  # lazy: only decks with pictures

        buffer = BytesIO()
        figure.savefig(buffer, format="png")
        picture = b64encode(buffer.getvalue()).decode()
        note = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        alternative = escape(caption or self.name, quote=True)
        return self.append(f'<figure><img alt="{alternative}" src="data:image/png;base64,{picture}">{note}</figure>')
