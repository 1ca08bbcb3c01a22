"""Aliases for the paths of `flytekit.core`: `flytekit.core.gate` is `alula.flytekit_core.gate`.

Nothing but names of the facade; `alula.core` is the engine.
"""

from __future__ import annotations

from alula.sdk.absent import refuse_others

refuse_others(__name__)
