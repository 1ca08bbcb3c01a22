"""Inputs that a launch plan fixes: they can't be given, and one who tries is told the value and where it is free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, NoReturn

import click

from alula.core.errors import InvalidInput


class FixedInputs(NamedTuple):
    """The values that a launch plan fixes, as short texts."""

    plan: str = ""
    values: Mapping[str, str] = {}
    free: str = ""
    """The command that starts the workflow, where these inputs can be chosen; empty where there is none."""

    def refuse(self, name: str) -> NoReturn:
        """Raises `InvalidInput` code `FixedInput`."""
        raise InvalidInput(
            "FixedInput",
            f"launch plan `{self.plan}` fixes input `{name}` to `{self.values[name]}`",
            fix="leave it out"
            + (f", or start the workflow, where it can be chosen: `{self.free}`" if self.free else ""),
        )

    def options(self) -> list[click.Option]:
        """Hidden options of these inputs, which refuse any value."""
        return [self._option(name) for name in self.values]

    def _option(self, name: str) -> click.Option:
        def refuse(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
            if value is not None:
                self.refuse(name)

        spelling = name.replace("_", "-")
        return click.Option(
            [f"--{spelling}", f"--no-{spelling}", f"fixed__{name}"],
            is_flag=False,
            flag_value="",
            hidden=True,
            callback=refuse,
        )


NOTHING_FIXED = FixedInputs()
