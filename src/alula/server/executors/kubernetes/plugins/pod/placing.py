"""Which nodes a pod may run on: interruptible ones, and those with the wanted kind of GPU."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from alula.core.policy.resources import Accelerator
from alula.core.policy.target import Document
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.options import KubernetesOptions

# `Any`: parts of a document.
_Part = dict[str, Any]


def place(pod: Document, spec: AttemptSpec, options: KubernetesOptions) -> None:
    """Say in the pod where it may run. What the task says itself counts more."""
    if spec.interruptible:
        _select(pod, options.interruptible_node_selector)
        _tolerate(pod, *(msgspec.to_builtins(each) for each in options.interruptible_tolerations))
    if spec.resources.accelerator is not None:
        _accelerate(pod, spec.resources.accelerator, options)


def _select(pod: Document, labels: dict[str, str]) -> None:
    if labels:
        pod["nodeSelector"] = {**labels, **pod.get("nodeSelector", {})}


def _tolerate(pod: Document, *tolerations: _Part) -> None:
    if tolerations:
        pod["tolerations"] = [*pod.get("tolerations", ()), *tolerations]


def _accelerate(pod: Document, wanted: Accelerator, options: KubernetesOptions) -> None:
    """Want nodes with this kind of GPU, whole or in parts of this size. They may be tainted by it."""
    labels = [(options.accelerator_label, wanted.device)] if wanted.device else []
    expressions: list[_Part] = []
    if wanted.partition:
        labels.append((options.partition_label, wanted.partition))
    elif wanted.partition == "":
        expressions.append({"key": options.partition_label, "operator": "DoesNotExist"})
    for label, value in labels:
        expressions.append({"key": label, "operator": "In", "values": [value]})
        _tolerate(pod, {"key": label, "operator": "Equal", "value": value, "effect": "NoSchedule"})
    _require(pod, expressions)


def _require(pod: Document, expressions: list[_Part]) -> None:
    """Add to each of the terms that the pod has of its nodes: one of them must hold."""
    affinity: _Part = pod.setdefault("affinity", {})
    required: _Part = affinity.setdefault("nodeAffinity", {}).setdefault(
        "requiredDuringSchedulingIgnoredDuringExecution", {}
    )
    terms = cast(list[_Part], required.setdefault("nodeSelectorTerms", [])) or [{}]
    required["nodeSelectorTerms"] = [
        {**term, "matchExpressions": [*term.get("matchExpressions", ()), *expressions]} for term in terms
    ]
