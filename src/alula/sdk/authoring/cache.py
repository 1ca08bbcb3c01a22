"""Conditions for using a task's outputs again. States them only; the platform keeps the cache."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from alula.sdk.absent_members import lacks_keywords, lacks_members


class CachePolicy(Protocol):
    """One way to derive a cache version; several are hashed together."""

    def get_version(self, salt: str, function: Callable[..., object]) -> str:
        """A text that changes whenever outputs that are cached must not be used any more."""
        ...


class FunctionBody:
    """The cache version changes with the code of the task's function (not with comments, layout or docstring)."""

    def get_version(self, salt: str, function: Callable[..., object]) -> str:
        import ast  # lazy: only a task whose cache version is automatic pays
        import hashlib  # lazy: as above
        import inspect  # lazy: as above
        import textwrap  # lazy: as above

        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
        definition = tree.body[0]
        if isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
            definition.decorator_list = []
            if ast.get_docstring(definition, clean=False) is not None:
                definition.body = definition.body[1:]
        return hashlib.sha256((salt + ast.dump(tree)).encode()).hexdigest()


class Cache(NamedTuple):
    """Cache settings of a task.

    Without a `version` it is derived from the `policies`, by default from the code of the function itself;
    code that the function calls is then not looked at, so give a version when that matters.
    """

    version: str | None = None
    serialize: bool = False
    """Of several runs with the same inputs at the same time, one runs and the others wait for it."""
    ignored_inputs: str | Collection[str] = ()
    """Inputs that don't count."""
    salt: str = ""
    policies: Sequence[CachePolicy] | CachePolicy = (FunctionBody(),)

    def ignored(self) -> tuple[str, ...]:
        """The names of the inputs that don't count."""
        return (self.ignored_inputs,) if isinstance(self.ignored_inputs, str) else ordered(self.ignored_inputs)

    def each_policy(self) -> Sequence[CachePolicy]:
        """The policies, also where there is one alone."""
        return self.policies if isinstance(self.policies, Sequence) else (self.policies,)

    def get_version(self, function: Callable[..., object]) -> str:
        """The cache version for a task's function."""
        if self.version is not None:
            return self.version
        import hashlib  # lazy: only registering asks

        joined = "".join(policy.get_version(self.salt, function) for policy in self.each_policy())
        return hashlib.sha256(joined.encode()).hexdigest()


lacks_keywords(Cache, {})
lacks_members(Cache, {"get_ignored_inputs": "write `ignored()`"})


def ordered(names: Collection[str]) -> tuple[str, ...]:
    """Names in the order in which they are registered. A set has another order in each process, so it is sorted."""
    return tuple(sorted(names) if isinstance(names, (set, frozenset)) else names)
