"""Templates of what a namespace needs before pods can be in it: Flyte's cluster resources. Pure.

A template is a document of Kubernetes with `{{ name }}` in its texts. It is read before values are put in, so that a
value is a text and never more of the document, whoever has set it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import yaml

from alula.core.errors import InvalidInput
from alula.server.executors.kubernetes.objects import Manifest

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_OPEN, _CLOSE = "\ue000", "\ue001"
"""They stand round a name while YAML is read, to which braces mean something else."""
_MARKED = re.compile(f"{_OPEN}(\\w+){_CLOSE}")


class Template(NamedTuple):
    """One document of a file."""

    file: str
    document: Manifest

    @property
    def api(self) -> str:
        return self.document["apiVersion"]

    @property
    def kind(self) -> str:
        return self.document["kind"]

    @property
    def name(self) -> str:
        return self.document["metadata"]["name"]


def templates_in(file: str, text: str) -> Iterator[Template]:
    """The documents of a file. Raises `InvalidInput`."""
    try:
        for document in yaml.safe_load_all(_VARIABLE.sub(f"{_OPEN}\\1{_CLOSE}", text)):
            if document is not None:
                _check(file, document)
                yield Template(file, document)
    except yaml.YAMLError as error:
        raise _invalid(file, " ".join(str(error).split())) from error


def filled(template: Template, values: Mapping[str, str]) -> Template:
    """A template with these values. Raises `InvalidInput` for a variable that has none."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise InvalidInput(
                "ClusterResourceValueMissing",
                f"{template.file} wants a value `{match[1]}`, which project {values['project']}, domain "
                f"{values['domain']} does not have",
                fix="set it in `executors.kubernetes.cluster_resource_values`, or by CLUSTER_RESOURCE attributes",
            )
        return values[match[1]]

    return Template(template.file, _filled(template.document, lambda text: _MARKED.sub(value, text)))


# `Any`: the values of a document.
def _filled(part: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return fill(part)
    if isinstance(part, dict):
        return {_filled(word, fill): _filled(each, fill) for word, each in cast(dict[Any, Any], part).items()}
    if isinstance(part, list):
        return [_filled(each, fill) for each in cast(list[Any], part)]
    return part


def _check(file: str, document: Any) -> None:
    found = cast(Manifest, document) if isinstance(document, dict) else {}
    metadata = found.get("metadata")
    name = cast(Manifest, metadata).get("name") if isinstance(metadata, dict) else None
    for what, text in (("apiVersion", found.get("apiVersion")), ("kind", found.get("kind")), ("metadata.name", name)):
        if not isinstance(text, str) or not text:
            raise _invalid(file, f"a document has no text `{what}`")


def _invalid(file: str, why: str) -> InvalidInput:
    return InvalidInput("ClusterResourcesInvalid", f"{file} is no template of cluster resources: {why}", fix="mend it")
