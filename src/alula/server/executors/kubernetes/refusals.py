"""What a refusal of the API server to create an object means for the attempt. Pure."""

from __future__ import annotations

import re

from alula.core.errors import InvalidInput, TaskError
from alula.core.policy.resources import parse_quantity
from alula.server.executors.kubernetes.connection import Refused

_QUOTA = re.compile(r"exceeded quota: (\S+), requested: (.*), used: (.*), limited: (.*)")


def waits_for_quota(refused: Refused) -> str:
    """The reason why an attempt waits until others have ended; empty if it was refused for something else, or asks for
    more than its namespace may ever have."""
    quota = _QUOTA.search(refused.message)
    if refused.status != 403 or quota is None or _is_too_much(quota[2], quota[4]):
        return ""
    return f"the quota `{quota[1]}` of the namespace is used up: {quota[2]} asked for, {quota[3]} of {quota[4]} used"


def lacks_account(refused: Refused) -> bool:
    """True if the service account of a pod is not there, which in a new namespace comes by itself."""
    return refused.status == 403 and "error looking up service account" in refused.message


def _is_too_much(requested: str, limited: str) -> bool:
    most = _amounts(limited)
    try:
        return any(parse_quantity(text) > parse_quantity(most[name]) for name, text in _amounts(requested).items())
    except (InvalidInput, KeyError):
        return False


def _amounts(text: str) -> dict[str, str]:
    """`pods=1,requests.cpu=2`, read."""
    return dict(each.partition("=")[::2] for each in text.split(","))  # type: ignore[misc]


def failure_of_refusal(refused: Refused) -> TaskError:
    """The failure of an attempt whose object the API server does not take. One that the task is to blame for stays."""
    if refused.status in (400, 413, 422):
        return TaskError("PodRefused", f"the cluster takes no such pod: {refused.message}")
    if refused.status == 404:
        return TaskError("NamespaceNotFound", f"the pod has no place in the cluster: {refused.message}", "SYSTEM")
    if refused.status == 403 and _QUOTA.search(refused.message):
        return TaskError("QuotaTooSmall", f"the task asks for more than its namespace may have: {refused.message}")
    return TaskError("ClusterRefused", f"the cluster refuses the pod: {refused}", "SYSTEM", recoverable=True)
