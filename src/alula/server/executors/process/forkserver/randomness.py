"""Values that are random in the imported code, and would be equal in all forks.

Generators that took their seed from the system when they were made take a new one in each fork. Those that the code
seeded itself keep their sequence, as in a fresh process. Other values drawn from the system (ids, names of temporary
files) can't be drawn again: they are named.
"""

from __future__ import annotations

import functools
import gc
import importlib.machinery
import os
import sys
import types
from _weakref import ref
from collections.abc import Callable, Sequence
from typing import Any

Hook = Callable[[], Any]


class Randomness:
    """Watches imports for what they draw. `modules` and what lies below `folder` is the author's code."""

    def __init__(self, modules: Sequence[str], folder: str) -> None:
        self._own_modules = {each.partition(".")[0] for each in modules}
        self._own_folder = folder.rstrip("/") + "/"
        self._urandom = os.urandom
        self._drawn: dict[int, str] = {}
        """By value that the system gave: the line of the author's code that asked for it, if any."""
        self._used: set[int] = set()
        """Those of them that became the seed of a generator."""
        self._names: list[str] = []
        """The lines that made names of temporary files."""
        self._numbers: list[str] = []
        """The lines that took numbers from the module's own generator."""
        self._random: Any = None
        self._is_seeded = False
        """True if the code has seeded the module's own generator."""
        self._state: Any = None
        self._fresh: dict[int, Callable[[], Any]] = {}
        """Further generators of `random` that were seeded by the system."""
        self._numpy: list[Any] = []
        """The same of numpy."""
        self._spare: list[str] = []
        """Seed sequences of numpy that no generator has."""
        self._replaced: list[tuple[Any, str, Any, Any]] = []
        """Object, attribute, its own value, ours."""

    def watch(self) -> None:
        """Begin, before the imports. `random` is not imported for this: every fork would pay for it."""
        self._replace(os, "urandom", self._draw)
        for name, prepare in self._prepared().items():
            if name in sys.modules:
                prepare(sys.modules[name])
        sys.meta_path.insert(0, self)  # type: ignore[arg-type] - `find_spec` is all that is asked of it

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: Any = None) -> Any:
        """Notice some modules as a part of their import; everything else is left to other finders."""
        prepare = self._prepared().get(name)
        if prepare is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:

            def execute(module: types.ModuleType) -> None:
                del loader.exec_module
                loader.exec_module(module)
                prepare(module)

            loader.exec_module = execute
        return spec

    def settle(self) -> None:
        """After the imports."""
        sys.meta_path[:] = [each for each in sys.meta_path if each is not self]
        taken = {id(ours): own for _holder, _name, own, ours in self._replaced}
        for holder, name, own, _ours in reversed(self._replaced):
            setattr(holder, name, own)
        for module in list(sys.modules.values()):  # those that have it by a name of their own
            values: Any = getattr(module, "__dict__", {})
            for name, value in list(values.items()):
                if id(value) in taken:
                    values[name] = taken[id(value)]
        if self._random is not None and self._is_seeded:
            self._state = self._random.getstate()
        if "numpy.random" in sys.modules:
            self._find_numpy(sys.modules["numpy.random"])

    def hooks(self) -> list[Hook]:
        """Calls for each child that make it random; Python itself seeds the generator of `random` anew after a fork."""
        hooks: list[Hook] = []
        if self._state is not None:
            hooks.append(functools.partial(self._random.setstate, self._state))
        for find in self._fresh.values():
            generator = find()
            if generator is not None:
                hooks.append(functools.partial(self._random.Random.seed, generator))
        hooks += [functools.partial(seed_numpy, each) for each in self._numpy]
        return hooks

    def constants(self) -> list[str]:
        """Values of the imported code that are random and stay equal in all forks, each with its line."""
        places = [place for value, place in self._drawn.items() if place and value not in self._used]
        found = [f"random bytes ({place})" for place in places]
        found += [f"the name of a temporary file ({place})" for place in self._names]
        found += self._spare
        if not self._is_seeded:
            found += [f"random numbers ({place})" for place in self._numbers]
        return list(dict.fromkeys(found))

    # While modules are imported

    def _prepared(self) -> dict[str, Callable[[Any], None]]:
        return {"random": self._on_random, "tempfile": self._on_tempfile}

    def _replace(self, holder: Any, name: str, ours: Any) -> None:
        self._replaced.append((holder, name, getattr(holder, name), ours))
        setattr(holder, name, ours)

    def _draw(self, size: int, /) -> bytes:
        data = self._urandom(size)
        self._drawn[int.from_bytes(data, "big")] = self._place()
        return data

    def _place(self) -> str:
        """The line of the author's code that is being run; empty if that only imports another module."""
        frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage] - cheap, where `inspect` is large
        while frame is not None:
            name, path = str(frame.f_globals.get("__name__")), frame.f_code.co_filename
            if name.partition(".")[0] in self._own_modules or path.startswith(self._own_folder):
                return f"{os.path.basename(path)}:{frame.f_lineno}"
            if name.startswith("importlib.") or path.startswith("<frozen importlib"):
                return ""
            frame = frame.f_back
        return ""

    def _on_random(self, module: Any) -> None:
        self._random = module
        if getattr(module, "_urandom", None) is self._urandom:
            self._replace(module, "_urandom", self._draw)
        seed, set_state = module.seed, module.setstate
        seed_any, set_state_any = module.Random.seed, module.Random.setstate

        def seed_module(a: Any = None, *args: Any, **kwargs: Any) -> None:
            self._is_seeded = not self._is_by_system(a)
            seed(a, *args, **kwargs)

        def set_state_module(state: Any) -> None:
            self._is_seeded = True
            set_state(state)

        def seed_one(generator: Any, a: Any = None, *args: Any, **kwargs: Any) -> None:
            seed_any(generator, a, *args, **kwargs)
            self._fresh.pop(id(generator), None)
            if self._is_by_system(a):
                self._fresh[id(generator)] = ref(generator)

        def set_state_one(generator: Any, state: Any) -> None:
            set_state_any(generator, state)
            self._fresh.pop(id(generator), None)

        for name in module.__all__:
            value = getattr(module, name)
            if getattr(value, "__self__", None) is module._inst and name not in ("seed", "getstate", "setstate"):
                self._replace(module, name, functools.partial(self._draw_number, value))
        self._replace(module, "seed", seed_module)
        self._replace(module, "setstate", set_state_module)
        self._replace(module.Random, "seed", seed_one)
        self._replace(module.Random, "setstate", set_state_one)

    def _draw_number(self, draw: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        place = self._place()
        if place:
            self._numbers.append(place)
        return draw(*args, **kwargs)

    def _is_by_system(self, seed: Any) -> bool:
        if type(seed) is int and seed in self._drawn:
            self._used.add(seed)
            return True
        return seed is None

    def _on_tempfile(self, module: Any) -> None:
        names = getattr(module, "_get_candidate_names", None)
        if names is None:
            return

        def candidate_names() -> Any:
            place = self._place()
            if place:
                self._names.append(place)
            return names()

        self._replace(module, "_get_candidate_names", candidate_names)

    def _find_numpy(self, module: Any) -> None:
        held: set[int] = set()
        sequences: list[Any] = []
        for each in gc.get_objects():
            if issubclass(type(each), module.BitGenerator):
                sequence = getattr(each, "_seed_seq", None)
                held.add(id(sequence))
                if self._is_entropy(sequence):
                    self._numpy.append(each)
            elif issubclass(type(each), module.SeedSequence):
                sequences.append(each)
        for each in sequences:
            if id(each) not in held and self._is_entropy(each):
                self._spare.append("a numpy.random.SeedSequence")

    def _is_entropy(self, sequence: Any) -> bool:
        """True if this is a seed sequence of numpy that took its entropy from the system."""
        return self._is_by_system(getattr(sequence, "entropy", 0))


def seed_numpy(generator: Any) -> None:
    """Give a generator the state of a new one, with another seed."""
    generator.__setstate__(type(generator)().__reduce__()[2])
