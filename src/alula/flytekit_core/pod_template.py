"""Pods of Kubernetes."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.pod_template import PodTemplate

__all__ = ["PodTemplate"]

refuse_others(__name__)
