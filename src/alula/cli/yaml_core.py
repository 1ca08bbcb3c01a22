"""YAML by the core schema of version 1.2: `1e-3` is a number, `on`, `yes` and `1:30` are texts.

PyYAML reads 1.1, where they are a text, truth values and 90.
"""

from __future__ import annotations

import re

import yaml

_FORMS: dict[str, tuple[str, str]] = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
    "null": (r"~|null|Null|NULL", "~nN"),
    "merge": (r"<<", "<"),
}


class CoreLoader(yaml.SafeLoader):
    """The safe loader with the plain scalars of the core schema, and merge keys."""


def _whole_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {"": [("tag:yaml.org,2002:null", re.compile(r"\Z"))]}
for _name, (_form, _first) in _FORMS.items():
    for _character in _first:
        _forms = _resolvers.setdefault(_character, [])
        _forms.append((f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_form})\\Z")))
CoreLoader.yaml_implicit_resolvers = _resolvers
CoreLoader.add_constructor("tag:yaml.org,2002:int", _whole_number)
