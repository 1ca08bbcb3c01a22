"""Runs on one data folder that are killed at a point, gone on with, and compared with a run that nobody killed."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from flyteidl.admin import execution_pb2, signal_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from tests import flyte_specs as specs
from tests.crash_points.counted import CountedPlatforms
from tests.crash_points.points import Point, read_trace
from tests.crash_points.records import Outcome, Records, ended_twice, read_ledger
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform, alula, strange_files
from tests.integration.processes import MARK, Found, marked

from alula.server.data_folder import read_info

FLOWS = Path(__file__).with_name("flows")
WORKFLOWS = ("everything", "guarded")
ANSWERS = {"go": True, "more": 5}
PATIENCE_S = 40.0
LOOK_S = 0.003
MAY_BE_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)
DONE_ALREADY = (grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.FAILED_PRECONDITION)


class Unlike(Exception):
    """The run did not come to what a run without a crash comes to; says in what."""


class NotReached(Exception):
    """The run ended without passing the point: how often it passes some depends on what happens to come together."""


@dataclass
class Run:
    """One execution of each workflow, launched together."""

    number: int
    folder: Path
    launched: set[str] = field(default_factory=set)
    answered: set[tuple[str, str]] = field(default_factory=set)

    def name(self, workflow: str) -> str:
        return f"{workflow[0]}{self.number}"

    def ledger(self, workflow: str) -> Path:
        return self.folder / f"ledger-{self.name(workflow)}"


class Scene:
    """One data folder, on which platforms follow each other. Nothing of a run may disturb those after it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._mark = str(folder)
        self._records = Records(folder / "data")
        self._platforms = Platforms(folder, {MARK: self._mark})
        self._counted = CountedPlatforms(folder, self._mark)
        self._number = 0
        self._expected: dict[str, tuple[Outcome, set[str]]] = {}

    def prepare(self) -> None:
        """Register the workflows and run them once without a crash."""
        platform = self._platforms.start()
        registered = alula(
            "register", str(FLOWS / "everything.py"), "--version", "v1", "--data", str(self._records.data)
        )
        assert registered.returncode == 0, registered.stderr
        run = self._new_run()
        self._until(lambda: self._go_on(run, platform.process.pid) and self._has_ended(run))
        for workflow in WORKFLOWS:
            self._expected[workflow] = self._records.outcome(run.name(workflow)), self._ran(run, workflow)
        platform.kill()

    def record(self, *deaths: Point) -> Counter[str]:
        """The effects of a platform that runs to the end, on what others left that died at each of `deaths`."""
        run = self._new_run()
        for point in deaths:
            self._die(run, point)
        platform = self._counted.start()
        try:
            self._until(lambda: self._go_on(run, platform.pid) and self._has_ended(run) and not self._records.mail())
        finally:
            self._counted.kill(platform)
        return read_trace(platform.trace)

    def check(self, *deaths: Point) -> None:
        """Die at each point in turn, then go on with the plain platform, to the end that is expected.

        Raises `Unlike` and `NotReached`.
        """
        run = self._new_run()
        is_told = self._records.is_told()
        finished, before = set[str](), set[Found]()
        for point in deaths:
            before |= self._die(run, point)
            finished |= self._results(run)
        platform = self._platforms.start()
        if left := before & marked(self._mark):
            raise Unlike(f"processes of the killed platform are left: {left}")
        self._until(lambda: self._go_on(run, platform.process.pid) and not self._records.open())
        for workflow in WORKFLOWS:
            self._compare(run, workflow, finished, crashes=len(deaths))
            if is_told:
                self._check_told(run, workflow)
        self._check_nothing_is_left(platform)
        platform.kill()

    def stop(self) -> None:
        """Start once more and stop as an operator would. Raises `Unlike` when that leaves something."""
        status = self._platforms.start().stop()
        if status or (left := marked(self._mark)):
            raise Unlike(f"the platform stopped with status {status} and left {left}")

    def close(self) -> None:
        self._records.close()
        self._counted.close()
        self._platforms.close()

    # What happens to a run

    def _new_run(self) -> Run:
        self._number += 1
        return Run(self._number, self._folder)

    def _die(self, run: Run, point: Point) -> set[Found]:
        """Run until the point, and give what else still lived then."""
        platform = self._counted.start(point)

        def is_over() -> bool:
            return self._counted.has_ended(platform) or (self._go_on(run, platform.pid) and self._has_ended(run))

        try:
            self._until(is_over)
            if platform.status != -signal.SIGKILL:
                raise NotReached(f"{point} was not reached (status {platform.status})")
            return marked(self._mark)
        finally:
            self._counted.kill(platform)

    def _go_on(self, run: Run, platform: int) -> bool:
        """Do what people do: launch what is not launched, answer what is asked. Whether all is launched."""
        asked = {
            (name, signal_id)
            for name in map(run.name, WORKFLOWS)
            for signal_id in self._records.asks(name)
            if signal_id in ANSWERS
        }
        to_launch, to_answer = [each for each in WORKFLOWS if each not in run.launched], asked - run.answered
        info = read_info(self._records.data) if to_launch or to_answer else None
        if info is not None and info.pid == platform:
            with Client(info.grpc) as client:
                for workflow in to_launch:
                    if self._was_told(client.CreateExecution, _launch(run, workflow)):
                        run.launched.add(workflow)
                for each in to_answer:
                    if self._was_told(client.SetSignal, answer_of(*each, ANSWERS[each[1]])):
                        run.answered.add(each)
        return run.launched.issuperset(WORKFLOWS)

    def _was_told(self, call: Callable[..., object], request: object) -> bool:
        """Whether the platform has it, by this call or an earlier one whose answer was lost."""
        try:
            call(request, timeout=5)
        except grpc.RpcError as error:
            code = error.code()
            if code in MAY_BE_GONE:
                return False
            if code not in DONE_ALREADY:
                raise
        return True

    def _has_ended(self, run: Run) -> bool:
        phases = [self._records.phase(run.name(workflow)) for workflow in WORKFLOWS]
        return all(phase is not None and phase.is_terminal for phase in phases)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise Unlike(f"nothing more happens; open are {self._records.open()}")
            time.sleep(LOOK_S)

    # What must hold

    def _compare(self, run: Run, workflow: str, finished: set[str], *, crashes: int) -> None:
        name = run.name(workflow)
        expected, ran = self._expected[workflow]
        if differences := _differences(expected, self._records.outcome(name)):
            raise Unlike(f"{name}: " + "; ".join(differences))
        for execution in self._records.family(name):
            if twice := ended_twice(self._records.log(execution)):
                raise Unlike(f"{execution} has two ends of the attempts {twice}")
        begun = Counter(attempt for what, attempt in read_ledger(run.ledger(workflow)) if what == "began")
        if again := sorted(attempt for attempt in finished if begun[attempt] > 1):
            raise Unlike(f"{name}: {again} had ended and ran again")
        if often := {attempt: count for attempt, count in begun.items() if count > 1 + crashes}:
            raise Unlike(f"{name}: {often} began more often than the platform was killed")
        if other := self._ran(run, workflow) ^ ran:
            raise Unlike(f"{name}: {other} ran either here or without a crash, and not in both")

    def _check_told(self, run: Run, workflow: str) -> None:
        """Of all that has happened the consumer was told, or will be: the platform at the end has none."""
        for execution in self._records.family(run.name(workflow)):
            if untold := self._records.untold(execution):
                raise Unlike(f"the outbox has lost of {execution}: {sorted(untold)}")

    def _ran(self, run: Run, workflow: str) -> set[str]:
        """The attempts that began, in names that are the same for each run."""
        begun = {attempt for what, attempt in read_ledger(run.ledger(workflow)) if what == "began"}
        family = self._records.family(run.name(workflow)).items()
        return {
            f"{path}/{place}"
            for name, path in family
            for each, place in self._records.places(name).items()
            if each in begun
        }

    def _results(self, run: Run) -> set[str]:
        family = {name for workflow in WORKFLOWS for name in self._records.family(run.name(workflow))}
        return {attempt for name in family for attempt in self._records.results(name)}

    def _check_nothing_is_left(self, platform: RunningPlatform) -> None:
        """Soon after the end: no attempt, no mail, no file of an attempt's own or half written."""
        data = self._records.data

        def is_quiet() -> bool:
            attempts = [each for each in marked(self._mark) if each.is_attempt_of(platform.process.pid)]
            return not attempts and not self._records.mail()

        self._until(is_quiet)
        if left := [*strange_files(data), *(data / "objects/.incoming").iterdir()]:
            raise Unlike(f"files are left: {left}")


def _launch(run: Run, workflow: str) -> execution_pb2.ExecutionCreateRequest:
    plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, f"everything.{workflow}")
    request = specs.execution(run.name(workflow), plan, specs.literal_map(run=specs.integer(run.number)))
    request.spec.envs.values.add(key="LEDGER", value=str(run.ledger(workflow)))
    return request


def answer_of(execution: str, signal_id: str, given: bool | int) -> signal_pb2.SignalSetRequest:
    """The answer of a person to a gate."""
    value = literals_pb2.Literal()
    if isinstance(given, bool):
        value.scalar.primitive.boolean = given
    else:
        value.scalar.primitive.integer = given
    of = identifier_pb2.WorkflowExecutionIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name=execution)
    id = identifier_pb2.SignalIdentifier(signal_id=signal_id, execution_id=of)
    return signal_pb2.SignalSetRequest(id=id, value=value)


def _differences(expected: object, found: object, where: str = "") -> list[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = sorted({*expected, *found}, key=repr)
        return [told for key in keys for told in _differences(expected.get(key), found.get(key), f"{where} {key}")]
    return [] if expected == found else [f"{where.strip()} should be {expected} and is {found}"]
