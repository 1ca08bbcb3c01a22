"""Telling that an execution has changed. There is no other process."""

from __future__ import annotations

from alula.server.store.news import Heard, News


class NewsLine:
    def __init__(self) -> None:
        self._heard: list[Heard] = []

    def add(self, heard: Heard) -> None:
        self._heard.append(heard)

    def tell(self, news: News) -> None:
        for heard in self._heard:
            heard(news)
