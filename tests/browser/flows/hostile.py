"""A run that means ill: its texts are long, turned round, and would be more than text."""

from __future__ import annotations

from pydantic import BaseModel

from alula import Deck, task, workflow

TURNED = "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe <script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
DECK = """<h1 id=t>here</h1><script>
try { parent.document.title = "taken" } catch (e) { t.innerText += ", shut out" }
fetch("/api/v1/projects").then(() => { t.innerText += ", fetched" }, () => { t.innerText += ", not fetched" });
try { top.location = "https://example.org/" } catch (e) { t.innerText += ", stays" }
</script>"""


class Endless(BaseModel):
    name: str
    next: Endless | None = None
    more: dict[str, Endless] = {}


@task(enable_deck=True)
def loud(names: dict[str, str], endless: Endless) -> str:
    Deck("Mean", DECK)
    for line in range(500):
        link = f"\x1b]8;;javascript:document.title='taken'\x07{TURNED}\x1b]8;;\x07"
        print(f"\x1b[{line % 108}m\x1b[2J\x1b[999;999H{link}", "\x1b[31m" * 500)
    return "".join(names)


@task
def fails(name: str) -> str:
    raise ValueError(f"{TURNED} {'long' * 1_250_000}\n" + "\n".join(f"line {n}" for n in range(20_000)))


@workflow
def hostile(names: dict[str, str], endless: Endless) -> str:
    return fails(name=loud(names=names, endless=endless))
