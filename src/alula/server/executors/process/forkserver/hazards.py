"""What a fork would break or copy: threads, GPUs, random numbers, what modules do after a fork."""

from __future__ import annotations

import functools
import gc
import importlib.machinery
import os
import struct
import sys
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any

from .procfs import open_files, read_text

Hook = Callable[[], Any]
LOCK_TYPES = (type(threading.Lock()), type(threading.RLock()))


def fork_hazards() -> list[str]:
    """What makes it unsafe to fork this process now: one sentence each.

    Libraries that mind forks (OpenBLAS) stop their threads before one, so what counts is what is there after a fork.
    """
    probe = os.fork()
    if probe == 0:
        os._exit(0)
    os.waitpid(probe, 0)
    python_names = {each.native_id: each.name for each in threading.enumerate()}
    threads = [int(each) for each in os.listdir("/proc/self/task") if int(each) != os.getpid()]
    hazards: list[str] = []
    if threads:
        names = sorted({python_names.get(each) or read_text(f"/proc/self/task/{each}/comm") for each in threads})
        hazards.append(f"the imports leave {len(threads)} threads running ({', '.join(names)})")
    devices = {link for link in open_files("self") if link.startswith(("/dev/nvidia", "/dev/kfd", "/dev/dri/render"))}
    if devices:
        hazards.append(f"the imports initialise a GPU ({', '.join(sorted(devices))})")
    return hazards


def hooks_to_call() -> list[Hook] | None:
    """What modules want to be called in a forked child of this process, which has one thread.

    Without what only guards or renews locks: in a process of one thread nobody holds them. None when there is a hook,
    also before the fork or in the parent, of a module that is not known here.
    """

    def before() -> None: ...
    def in_parent() -> None: ...
    def in_child() -> None: ...

    # The lists of hooks can't be asked for, but are found by what they contain.
    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    wanted: list[Hook] = []
    for own in (before, in_parent, in_child):
        lists: list[list[Any]] = [each for each in gc.get_referrers(own) if isinstance(each, list)]
        for hook in (hook for each in lists for hook in each if hook is not own):
            module = getattr(hook, "__module__", None)
            if module in ("threading", "logging") or isinstance(getattr(hook, "__self__", None), LOCK_TYPES):
                continue
            if own is not in_child or module not in ("random", "asyncio.events"):
                return None
            wanted.append(hook)
    return wanted


class Randomness:
    """Gives each attempt its own random numbers, unless the imported code seeded the generators itself."""

    def __init__(self) -> None:
        self._random: Any = None
        self._seed: Any = None
        self._seeded = False
        self._state: Any = None
        self._numpy: Any = None

    def watch(self) -> None:
        """Before the imports. `random` is not imported for this: every fork would pay for it."""
        if "random" in sys.modules:
            self._note_seeds(sys.modules["random"])
        else:
            sys.meta_path.insert(0, self)  # type: ignore[arg-type] - `find_spec` is all that is asked of it

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: Any = None) -> Any:
        """As part of an import: that of `random` is noticed, everything else left to others."""
        if name != "random":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:

            def execute(module: types.ModuleType) -> None:
                del loader.exec_module
                loader.exec_module(module)
                self._note_seeds(module)

            loader.exec_module = execute
        return spec

    def _note_seeds(self, module: Any) -> None:
        def seed(*args: Any, **kwargs: Any) -> None:
            self._seeded = True
            self._seed(*args, **kwargs)

        self._random, self._seed = module, module.seed
        module.seed = seed

    def settle(self) -> None:
        """After the imports."""
        sys.meta_path[:] = [each for each in sys.meta_path if each is not self]
        if self._random is not None:
            self._random.seed = self._seed
            self._state = self._random.getstate() if self._seeded else None
        numpy_random: Any = sys.modules.get("numpy.random")
        generator = getattr(getattr(numpy_random, "mtrand", None), "_rand", None)
        source = getattr(getattr(generator, "_bit_generator", None), "_seed_seq", None)
        # numpy drops the seed sequence of its global generator when somebody seeds that.
        self._numpy = numpy_random if source is not None else None

    def hooks(self) -> list[Hook]:
        """What is left to do in a child; Python itself seeds `random` anew after a fork."""
        hooks: list[Hook] = []
        if self._state is not None:
            hooks.append(functools.partial(self._random.setstate, self._state))
        if self._numpy is not None:
            hooks.append(self._seed_numpy)
        return hooks

    def _seed_numpy(self) -> None:
        self._numpy.seed(struct.unpack("8I", os.urandom(32)))
