"""A cluster autoscaler in a few lines: it adds a simulated node for each pod that none can take, and removes nodes that
have become empty."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes.pods import Namespace

NODES = "/api/v1/nodes"


@dataclass
class Pool:
    """Nodes of one kind, each with room for one pod of the tests."""

    labels: dict[str, str]
    taints: dict[str, str] = field(default_factory=dict)
    room: dict[str, str] = field(default_factory=dict)

    def takes(self, pod: Any) -> bool:
        """True if a new node of this pool could take the pod, by labels, taints and the kinds of its resources."""
        spec = pod["spec"]
        labels = {"type": "kwok", **self.labels}
        tolerated = {each.get("key"): each for each in spec.get("tolerations", [])}
        asked = {name for container in spec["containers"] for name in container["resources"].get("requests", {})}
        return (
            all(labels.get(key) == value for key, value in spec.get("nodeSelector", {}).items())
            and all(_is_met(term, labels) for term in _node_terms(spec))
            and all(_tolerates(tolerated.get(key), value) for key, value in self.taints.items())
            and asked <= {"cpu", "memory", *self.room}
        )


class Autoscaler:
    """The autoscaler of one namespace's pods. It does as much as can be done now at each `step`."""

    def __init__(self, namespace: Namespace, pools: dict[str, Pool]) -> None:
        self._namespace = namespace
        self._cluster = namespace.cluster
        self._pools = pools
        self._numbers = itertools.count()
        self._served: set[str] = set()
        """The pods that nodes were added for, by uid."""
        self._used: set[str] = set()
        """Nodes that have had a pod."""
        self.nodes: dict[str, str] = {}
        """The pool of each node that is there."""
        self.added: Counter[str] = Counter()
        """How many nodes each pool has had."""

    def step(self) -> None:
        pods = self._namespace.pods()
        for pod in pods:
            if _waits_for_a_node(pod) and pod["metadata"]["uid"] not in self._served:
                self._served.add(pod["metadata"]["uid"])
                self._add(next(name for name, pool in self._pools.items() if pool.takes(pod)))
        taken = {pod["spec"].get("nodeName") for pod in pods}
        self._used |= taken & self.nodes.keys()
        for node in self._used - taken:
            self._remove(node)

    def _add(self, pool: str) -> None:
        node, of = f"{self._namespace.name}-{pool}-{next(self._numbers)}", self._pools[pool]
        room = {"cpu": "1", "memory": "1Gi", "pods": "10", **of.room}
        self._cluster.add_simulated_node(node, room, labels=of.labels, taints=of.taints)
        self.nodes[node] = pool
        self.added[pool] += 1

    def _remove(self, node: str) -> None:
        self._cluster.call(f"{NODES}/{node}", method="DELETE")
        self._used.discard(node)
        del self.nodes[node]

    def close(self) -> None:
        for node in list(self.nodes):
            self._remove(node)


def _waits_for_a_node(pod: Any) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "PodScheduled" and each.get("reason") == "Unschedulable" for each in conditions)


def _tolerates(toleration: Any, value: str) -> bool:
    return toleration is not None and (toleration["operator"] == "Exists" or toleration.get("value") == value)


def _node_terms(spec: Any) -> list[Any]:
    """What a pod requires of the labels of its node, beside its selector; the tests' pods have one term at most."""
    affinity = spec.get("affinity", {}).get("nodeAffinity", {})
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    return [each for term in terms for each in term.get("matchExpressions", [])]


def _is_met(expression: Any, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case operator:
            raise NotImplementedError(operator)
