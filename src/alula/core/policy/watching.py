"""Objects that appear under a prefix, as causes: what is watched, and what has arrived. Pure.

A prefix is looked at again and again. What was seen is kept as *sightings*, so that an object that has arrived is told
from one that was there, and one that is still being written from one that is whole: it is seen twice, some time apart,
with the same size and tag. What an object of long ago was is forgotten: when it was last changed tells that it is old.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence

import msgspec
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from alula.core.ids import EntityId
from alula.core.policy.registration import NAME_MAX_CHARS

OF_OBJECT = ("object.uri", "object.name")
"""Sources of inputs that tell of the object; all are texts, and the URI may be a file."""
SCHEMES = ("s3", "gs", "az")
URI_MAX_BYTES = 2_000
"""The limit of a URI that is looked at: it is a key of rows."""


class ObjectTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="object", tag_field="kind"):
    """Starts a run when an object appears under a prefix."""

    prefix: str
    """A URI, or a folder among what clients upload to the project and domain of the launch plan."""
    pattern: str = "*"
    """The names that count: with a slash the path below the prefix, else its last part."""
    existing: bool = False
    """True if objects that were there before the activation count, too."""
    inputs: dict[str, str] = {}
    """The source of each input, one of `OF_OBJECT`."""

    @property
    def folder(self) -> str:
        """The prefix without the slash at its end."""
        return self.prefix.rstrip("/")

    @property
    def is_upload(self) -> bool:
        """True if the prefix is a folder of uploads."""
        return not self.prefix.startswith("/") and "://" not in self.prefix

    def watched(self, plan: EntityId) -> str:
        """The objects that it waits for, in one text."""
        return f"objects {self.folder}/{self.pattern}"

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        scheme, separator, path = self.prefix.rpartition("://")
        path = path.rstrip("/")
        if not path:
            return "it names no prefix"
        if separator and scheme not in SCHEMES:
            return f"`{self.prefix[:100]}` is no prefix; use a URI of {', '.join(SCHEMES)}, or a folder of uploads"
        if not _is_path(path if separator else path.removeprefix("/")):
            return f"`{self.prefix[:100]}` is no prefix that objects can have"
        if not _is_path(self.pattern):
            return f"`{self.pattern[:100]}` is no pattern of a name"
        for source in self.inputs.values():
            if source not in OF_OBJECT:
                return f"`{source[:100]}` is no source of an input; use {', '.join(OF_OBJECT)}"
        return ""


class Seen(msgspec.Struct, frozen=True):
    """An object as it was seen."""

    uri: str
    size: int
    tag: str
    """Another one when the content is another: the store's own tag, or what tells a file from a changed one."""
    changed_at: int
    """Microseconds since the epoch, by the clock of the store."""

    @property
    def mark(self) -> str:
        """What tells it from what else has had this URI."""
        return f"{self.size} {self.tag}"


class Sighting(msgspec.Struct, frozen=True):
    """What is remembered of an object."""

    uri: str
    mark: str
    at: int
    """The time at which it was first seen like this."""
    is_settled: bool
    """True if it was dealt with, or was there before."""


class Look(msgspec.Struct, frozen=True):
    """What follows from a look at some objects."""

    arrived: tuple[Seen, ...]
    put: tuple[Sighting, ...]
    gone: tuple[str, ...]
    until: str
    """The URI up to which that is all; empty if it is up to the end."""


def look(
    seen: Sequence[Seen],
    known: Sequence[Sighting],
    *,
    now: int,
    settle_us: int,
    there_until: int | None,
    forgotten_until: int,
    limit: int,
    arrivals_max: int,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> Look:
    """Compare a page of objects with the sightings after the same URI, both in order and `limit` at most.

    During the first pass objects that were last changed until `there_until` were there before. Each arrives once: at
    the next look it is either settled, or told again as it was not dealt with. Those that were last changed until
    `forgotten_until` need no sighting once they are settled: without one they are taken for settled.
    """
    until = min((page[-1].uri for page in (seen, known) if len(page) >= limit), default="")
    seen = [each for each in seen if (not until or each.uri <= until) and is_wanted(each.uri)]
    before = {each.uri: each for each in known if not until or each.uri <= until}
    arrived, put, forgotten = list[Seen](), list[Sighting](), list[str]()
    for each in seen:
        sighting = before.pop(each.uri, None)
        is_old = each.changed_at <= forgotten_until
        if sighting is None:
            if is_old:
                continue
            was_there = there_until is not None and each.changed_at <= there_until
            put.append(Sighting(each.uri, each.mark, now, was_there))
        elif sighting.mark != each.mark:
            put.append(Sighting(each.uri, each.mark, now, is_settled=False))
        elif sighting.is_settled and is_old:
            forgotten.append(each.uri)
        elif not sighting.is_settled and now - sighting.at >= settle_us:
            arrived.append(each)
            if len(arrived) == arrivals_max:
                until = each.uri
                break
    gone = [uri for uri in before if not until or uri <= until]
    return Look(tuple(arrived), tuple(put), (*gone, *forgotten), until)


def counts(uri: str, folder: str, pattern: str) -> bool:
    """True for an object of the folder whose name is of the pattern. One that has a name which can't be shown, or not
    be a key, is never one."""
    path = uri.removeprefix(f"{folder}/")
    if path == uri or not uri.isprintable() or len(uri.encode()) > URI_MAX_BYTES:
        return False
    wanted, parts = pattern.split("/"), path.split("/")
    if len(wanted) == 1:
        parts = parts[-1:]
    return len(wanted) == len(parts) and all(map(fnmatch.fnmatchcase, parts, wanted))


def can_be_of_object(source: str, type_: types_pb2.LiteralType) -> bool:
    """True if an input of this type can be given a source of `OF_OBJECT`."""
    return type_.simple == types_pb2.STRING or (source == "object.uri" and _is_file(type_))


def inputs_of_object(trigger: ObjectTrigger, uri: str, expected: interface_pb2.ParameterMap) -> literals_pb2.LiteralMap:
    """The inputs of the run that an object starts."""
    inputs = literals_pb2.LiteralMap()
    for name, source in sorted(trigger.inputs.items()):
        type_ = expected.parameters[name].var.type
        if _is_file(type_):
            blob = literals_pb2.Blob(uri=uri, metadata=literals_pb2.BlobMetadata(type=type_.blob))
            inputs.literals[name].scalar.blob.CopyFrom(blob)
        else:
            text = uri if source == "object.uri" else uri.rpartition("/")[2]
            inputs.literals[name].scalar.primitive.string_value = text
    return inputs


def _is_file(type_: types_pb2.LiteralType) -> bool:
    return type_.HasField("blob") and type_.blob.dimensionality == types_pb2.BlobType.SINGLE


def _is_path(path: str) -> bool:
    parts: Iterable[str] = path.split("/")
    return path.isprintable() and len(path) <= NAME_MAX_CHARS and {"", ".", ".."}.isdisjoint(parts)
