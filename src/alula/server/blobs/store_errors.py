"""Errors of object stores as errors of ours.

The library passes on a server's answer as a text, in which status and code are the server's own, fixed words. Only
these are read. Errors of the start name what is wrong with the setup, all of one kind with a code each.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from alula.core.errors import AlulaError, FailedPrecondition, NotFound, PermissionDenied, Unavailable

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
_CLOCK = ("RequestTimeTooSkewed", "RequestExpired")
_KEYS = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "AccountIsDisabled",
)
_REGION = (
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "TemporaryRedirect",
)
_SHOWN_CHARS = 300


class Answer(NamedTuple):
    """The refusal of a server; status 0 if there was no answer."""

    status: int
    code: str
    text: str
    """One line for people."""


def answer_of(error: Exception) -> Answer:
    """The answer that an error of the library stands for."""
    text = str(error).partition("\n\nDebug source")[0]
    status, code = _STATUS.search(text), _CODE.search(text)
    return Answer(int(status[1]) if status else 0, code[1] if code else "", _in_one_line(text))


def error_of(error: Exception, uri: str) -> AlulaError:
    """The error of a request for one object."""
    answer = answer_of(error)
    if answer.code in _NO_BUCKET:
        return Unavailable("BucketNotFound", f"the bucket of {uri} is not there any more: {answer.text}")
    if isinstance(error, FileNotFoundError):
        return NotFound("ObjectNotFound", f"there is no object {uri}")
    if answer.code in _CLOCK or answer.code in _KEYS:
        return Unavailable("ObjectsRefused", f"the object store takes no request of the platform: {answer.text}")
    if answer.status in (401, 403):
        return PermissionDenied("ObjectForbidden", f"the object store refuses {uri}: {answer.text}")
    return Unavailable("ObjectsUnavailable", f"the object {uri} can't be read or written now: {answer.text}")


def setup_error_of(error: Exception, url: str, doing: str) -> AlulaError:
    """The error of a store that can't be used as it is set up, found while the platform tried to do something."""
    answer = answer_of(error)
    status, code, text = answer
    if code in _NO_BUCKET or (status == 404 and doing == "list objects"):
        return FailedPrecondition(
            "BucketNotFound", f"there is no bucket for {url}: {text}", fix="make it, or correct `objects.url`"
        )
    if code in _CLOCK:
        return FailedPrecondition(
            "ClockSkewed", f"the clock of this machine is not that of {url}: {text}", fix="set the clock (NTP)"
        )
    if code in _REGION or status == 301 or "redirect without LOCATION" in str(error):
        return FailedPrecondition(
            "WrongRegion", f"the bucket of {url} is in another region: {text}", fix="set `objects.region`"
        )
    if code in _KEYS or status == 401 or (not status and "credential" in str(error).lower()):
        return FailedPrecondition(
            "BadCredentials",
            f"{url} does not know the platform's credentials: {text}",
            fix="set `objects.access_key` and `objects.secret_key`, or the variables of the cloud's tools",
        )
    if status == 403:
        return FailedPrecondition(
            "ObjectsForbidden",
            f"the platform may not {doing} in {url}: {text}",
            fix="let it list, read, write and delete objects under this prefix",
        )
    if status in (400, 405, 409, 501):
        return FailedPrecondition(
            "ObjectsUnusable",
            f"{url} does not {doing} as an object store does: {text}",
            fix="check `objects.endpoint`",
        )
    return Unavailable(
        "ObjectsUnreachable",
        f"the object store of {url} can't be reached: {text}",
        fix="check `objects.url` and `objects.endpoint`",
    )


def _in_one_line(text: str) -> str:
    """Without the markup of an answer."""
    plain = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return plain if len(plain) <= _SHOWN_CHARS else f"{plain[:_SHOWN_CHARS]}..."
