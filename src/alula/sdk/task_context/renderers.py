"""Renderers: values as HTML, for decks."""

from __future__ import annotations

from html import escape
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Renderable(Protocol):
    """A renderer: anything that makes HTML of a value."""

    def to_html(self, python_value: Any) -> str: ...


class TopFrameRenderer:
    """The first rows and columns of a `pandas.DataFrame` as a table."""

    def __init__(self, max_rows: int = 10, max_cols: int = 100) -> None:
        self._max_rows = max_rows
        self._max_cols = max_cols

    def to_html(self, df: Any) -> str:  # Any: pandas need not be installed
        return str(df.to_html(max_rows=self._max_rows, max_cols=self._max_cols))


class ArrowRenderer:
    """A `pyarrow.Table` as text."""

    def to_html(self, df: Any) -> str:  # Any: pyarrow need not be installed
        return f"<pre>{escape(df.to_string())}</pre>"


class MarkdownRenderer:
    """Markdown as HTML."""

    def to_html(self, text: str) -> str:
        from markdown_it import MarkdownIt  # lazy: only tasks that render

        return MarkdownIt().render(text)


class SourceCodeRenderer:
    """Python code in colours."""

    def __init__(self, title: str = "Source Code") -> None:
        self._title = title

    def to_html(self, source_code: str) -> str:
        from pygments import highlight  # lazy: only tasks that render
        from pygments.formatters.html import HtmlFormatter  # lazy: as above
        from pygments.lexers.python import PythonLexer  # lazy: as above

        formatter = HtmlFormatter[str](style="colorful", noclasses=True)
        return f"<h3>{escape(self._title)}</h3>{highlight(source_code, PythonLexer(), formatter)}"


class PythonDependencyRenderer:
    """The packages of this environment, with their versions."""

    def __init__(self, title: str = "Dependencies") -> None:
        self._title = title

    def to_html(self) -> str:
        from importlib.metadata import distributions  # lazy: only tasks that render

        installed = sorted({(each.name, each.version) for each in distributions()}, key=lambda pair: pair[0].lower())
        rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(version)}</td></tr>" for name, version in installed)
        head = "<tr><th>Name</th><th>Version</th></tr>"
        return f"<h3>{escape(self._title)}</h3><table>{head}{rows}</table>"
