"""Values that are pickled."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.pickle import FlytePickle

__all__ = ["FlytePickle"]

refuse_others(__name__)
