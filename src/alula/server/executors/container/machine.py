"""What containers may have of this machine: CPU and memory, in order, and GPUs, each for one attempt at a time."""

from __future__ import annotations

from collections.abc import Collection

from alula.core.errors import InvalidInput
from alula.core.policy.resources import Resources
from alula.server.executors.admission import Admission, Capacity
from alula.server.executors.container.attempt import Attempt
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.machine import machine_capacity


class Machine:
    """The resources of one executor's attempts."""

    def __init__(self, options: ContainerOptions) -> None:
        self._options = options
        self._admission: Admission[Attempt] = Admission(
            machine_capacity(cpu_millicores=options.cpu_millicores, memory_bytes=options.memory_bytes)
        )
        self._gpus: dict[str, Attempt | None] = dict.fromkeys(options.gpus)
        """Each GPU, with the attempt that has it."""
        self._waiting: list[Attempt] = []
        """Attempts that have their CPU and memory, and wait for GPUs."""

    def ask(self, attempt: Attempt, *, at: float) -> None:
        """Queue an attempt: `admitted` is set when it may begin. Raises `InvalidInput` for one that never may."""
        request = self._request(attempt.spec.resources)
        self._admission.check(request)
        wanted = attempt.spec.resources.requests.gpu
        if wanted > len(self._gpus):
            raise InvalidInput(
                "InsufficientResources",
                f"the task asks for {wanted} GPUs, and containers have {len(self._gpus)} here",
                fix="name the machine's GPUs in `executors.container.gpus`, or ask for less",
            )
        self._admission.add(attempt, request, at=at, budget=attempt.spec.queueing_budget_s)
        self._admit()

    def take(self, attempt: Attempt, gpus: Collection[str]) -> None:
        """Count an attempt that runs already."""
        self._admission.take(attempt, self._request(attempt.spec.resources))
        for each in gpus:
            if each in self._gpus:
                self._gpus[each] = attempt

    def give_back(self, attempt: Attempt) -> None:
        """Take back what an attempt has, or its place in the queue; an unknown one is fine."""
        self._admission.discard(attempt)
        for each, owner in self._gpus.items():
            if owner is attempt:
                self._gpus[each] = None
        if attempt in self._waiting:
            self._waiting.remove(attempt)
        self._admit()

    def gpus_of(self, attempt: Attempt) -> tuple[str, ...]:
        return tuple(each for each, owner in self._gpus.items() if owner is attempt)

    def reason(self, attempt: Attempt) -> str:
        """The reason why an attempt waits."""
        if attempt in self._waiting:
            free = sum(owner is None for owner in self._gpus.values())
            return f"waits for {attempt.spec.resources.requests.gpu} GPUs ({free} of {len(self._gpus)} are free)"
        return self._admission.reason(attempt)

    def _admit(self) -> None:
        while (attempt := self._admission.admit()) is not None:
            self._waiting.append(attempt)
        for attempt in list(self._waiting):
            free = [each for each, owner in self._gpus.items() if owner is None]
            wanted = attempt.spec.resources.requests.gpu
            if wanted <= len(free):
                self._gpus.update(dict.fromkeys(free[:wanted], attempt))
                self._waiting.remove(attempt)
                attempt.admitted.set()

    def _request(self, resources: Resources) -> Capacity:
        asked = resources.requests
        return Capacity(
            asked.cpu_millicores or self._options.default_cpu_millicores,
            asked.memory_bytes or self._options.default_memory_bytes,
        )
