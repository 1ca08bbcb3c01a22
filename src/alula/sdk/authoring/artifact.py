"""`Artifact`: a name under which values are kept beyond a run, divided by partitions, and the queries that find them.

Only declared here. Specifications say it as flytekit's do (`serialize/artifacts.py`); `Artifact.create_from` leaves the
partitions of a value with the value (`runtime/made_artifacts.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias, TypeVar, cast, get_args

from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.interface import Found
from alula.sdk.mistake import Location, caller, mistake
from alula.sdk.task_context.context import CURRENT
from alula.sdk.task_context.made_artifact import MadeArtifact

T = TypeVar("T")
MAX_PARTITIONS: Final = 10
TIME_PARTITION: Final = "time_partition"
_QUERY_WORDS = ("project", "domain", TIME_PARTITION, "partitions", "tag")


class Granularity(IntEnum):
    """The span of time that a time partition stands for, with FlyteIDL's numbers."""

    UNSET = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3
    MONTH = 4


class InputBinding(NamedTuple):
    """The value that an input has, once there is one."""

    var: str


class InputsBase:
    """The inputs of the function or workflow that is being declared, by name."""

    def __getattr__(self, name: str) -> InputBinding:
        if name.startswith("__"):  # asked by copy, pickle and others; no parameter has such a name
            raise AttributeError(name)
        return InputBinding(name)


Inputs = InputsBase()


class AtRuntime:
    """The value of a partition that the task says by `create_from`."""

    def __repr__(self) -> str:
        return "AT_RUNTIME"


AT_RUNTIME: Final = AtRuntime()
Label: TypeAlias = str | InputBinding | AtRuntime
Moment: TypeAlias = datetime | InputBinding | AtRuntime


class TimePartition:
    """A value of a time partition."""

    def __init__(self, value: datetime | InputBinding, *, granularity: Granularity | None = None) -> None:
        self.value = _moment(value, at=caller())
        self.granularity = granularity

    def __add__(self, other: timedelta) -> TimePartition:
        return self._moved(other, "+")

    def __sub__(self, other: timedelta) -> TimePartition:
        return self._moved(-other, "-")

    def _moved(self, by: timedelta, sign: str) -> TimePartition:
        if isinstance(self.value, InputBinding):
            raise mistake(
                "InvalidArtifact",
                f"a time partition from input `{self.value.var}` {sign} a `timedelta` has no form in Flyte's messages",
                at=caller(),
                fix="take an input that has the time that is meant",
            )
        return TimePartition(self.value + by, granularity=self.granularity)


class Artifact(Found):
    """A name under which outputs are kept, and by which other workflows find them.

    ```python
    prices = Artifact(name="prices", partition_keys=["region"], time_partitioned=True)

    @task
    def fetch(region: str, day: datetime) -> Annotated[float, prices(region=Inputs.region, time_partition=Inputs.day)]:
        ...
    ```
    """

    def __init__(
        self,
        project: str | None = None,
        domain: str | None = None,
        name: str | None = None,
        version: str | None = None,
        time_partitioned: bool = False,
        time_partition: TimePartition | None = None,
        time_partition_granularity: Granularity | None = None,
        partition_keys: Sequence[str] | None = None,
        partitions: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            project: of the artifact, if it is not that of the run which makes it.
            domain: as `project`.
            name: must be given.
            version: of one artifact that is there already; as default of an input, it is that and no other.
            time_partitioned: whether artifacts of the name are told apart by a time.
            time_partition: that time, where it is known.
            time_partition_granularity: the span that such a time stands for; a day unless said.
            partition_keys: names of what else tells them apart, 10 at most.
            partitions: the same with their values, where they are known.

        Raises `InvalidInput` for an artifact that can't be.
        """
        at = caller()
        if not name:
            raise mistake("InvalidArtifact", "an artifact has no name", at=at, fix='write `Artifact(name="...")`')
        self.project, self.domain, self.name, self.version = project or "", domain or "", name, version or ""
        self.granularity = time_partition_granularity
        self.time_partitioned = bool(time_partitioned or time_partition)
        self.moment = time_partition.value if time_partition is not None else None
        given = partitions or {}
        self.labels = {key: _label(key, value, at=at) for key, value in given.items()}
        self.partition_keys = _keys(name, [*given, *(key for key in partition_keys or () if key not in given)], at=at)

    def __call__(self, **partitions: str | InputBinding | datetime) -> ArtifactIDSpecification:
        """This artifact with values for partitions, inside `Annotated` of an output. A partition without a value gets
        it when the task runs, by `create_from`."""
        return ArtifactIDSpecification(self)(**partitions)

    def query(
        self,
        project: str | None = None,
        domain: str | None = None,
        time_partition: datetime | TimePartition | InputBinding | None = None,
        partitions: Mapping[str, str | InputBinding] | None = None,
        **by_name: str | InputBinding,
    ) -> ArtifactQuery:
        """The newest of these artifacts, as the default of an input of a workflow or launch plan.

        Raises `InvalidInput` for partitions that the artifact does not have.
        """
        at = caller()
        unclear = [key for key in self.partition_keys if key in _QUERY_WORDS]
        if unclear and partitions is None:
            what = f"`query` of artifact `{self.name}` has a setting with the name of partition `{unclear[0]}`"
            raise mistake("InvalidArtifact", what, at=at, fix="give the values as `partitions={...}`")
        if partitions is not None and by_name:
            raise mistake("InvalidArtifact", "partitions are given both by name and as `partitions`", at=at)
        labels = {**self.labels, **self.checked(partitions or by_name, at=at)}
        moment = time_partition.value if isinstance(time_partition, TimePartition) else time_partition
        if moment is not None:
            moment = self.checked_moment(moment, at=at)
        return ArtifactQuery(self, project or self.project, domain or self.domain, moment or self.moment, labels)

    def create_from(
        self,
        value: T,
        card: object = None,
        *cards: object,
        time_partition: datetime | None = None,
        **partitions: object,
    ) -> T:
        """The value itself, which a task returns as this artifact, with these partitions.

        Args:
            value: an output.
            card: what else to keep with it: an object with flytekit's `serialize_to_string(context, output_name)`.
            cards: more of these.
            time_partition: its time.
            partitions: the values of other partitions, kept as texts.
        """
        at = caller()
        labels = {key: str(label) for key, label in partitions.items()}
        self.checked(labels, at=at)
        if time_partition is not None:
            self.checked_moment(time_partition, at=at)
        context = CURRENT.get()
        if context is not None:
            kept = [each for each in (card, *cards) if each is not None]
            context.made_artifacts.append(MadeArtifact(self, value, time_partition, labels, kept))
        return value

    def checked(self, labels: Mapping[str, object], *, at: Location) -> dict[str, str | InputBinding]:
        """Values of partitions. Raises `InvalidInput` for a partition that the artifact does not have."""
        for key in labels:
            if key not in self.partition_keys:
                known = ", ".join(f"`{each}`" for each in self.partition_keys) or "none"
                why = f"artifact `{self.name}` has no partition `{key}`"
                raise mistake("InvalidArtifact", why, at=at, fix=f"its partitions are: {known}")
        return {key: _label(key, value, at=at) for key, value in labels.items()}

    def checked_moment(self, moment: object, *, at: Location) -> datetime | InputBinding:
        """A value of the time partition. Raises `InvalidInput` if the artifact has none."""
        if not self.time_partitioned:
            why = f"artifact `{self.name}` has no time partition"
            raise mistake("InvalidArtifact", why, at=at, fix="declare it with `time_partitioned=True`")
        return _moment(moment, at=at)

    def __repr__(self) -> str:
        return f"<artifact {self.name}>"


class ArtifactIDSpecification:
    """An artifact with the values of its partitions, as far as its declaration says them."""

    def __init__(
        self, artifact: Artifact, labels: Mapping[str, Label] | None = None, moment: Moment | None = None
    ) -> None:
        self.artifact = artifact
        self.labels = dict.fromkeys(artifact.partition_keys, cast("Label", AT_RUNTIME)) | artifact.labels
        self.labels.update(labels or {})
        without = AT_RUNTIME if artifact.time_partitioned else None
        self.moment: Moment | None = moment or artifact.moment or without

    def __call__(self, **partitions: str | InputBinding | datetime) -> ArtifactIDSpecification:
        """The same with values for more partitions. Raises `InvalidInput` for one that the artifact does not have."""
        at = caller()
        given: dict[str, object] = dict(partitions)
        moment = self.moment
        if TIME_PARTITION in given:
            moment = self.artifact.checked_moment(given.pop(TIME_PARTITION), at=at)
        return ArtifactIDSpecification(self.artifact, {**self.labels, **self.artifact.checked(given, at=at)}, moment)

    def __repr__(self) -> str:
        return repr(self.artifact)


class ArtifactQuery(Found):
    """The newest artifact of a name and of partitions. Made by `Artifact.query`."""

    def __init__(
        self, artifact: Artifact, project: str, domain: str, moment: Moment | None, labels: Mapping[str, Label]
    ) -> None:
        self.artifact, self.project, self.domain = artifact, project, domain
        self.moment, self.labels = moment, dict(labels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArtifactQuery) and vars(self) == vars(other)

    __hash__ = None  # as a dict has none  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return f"<what a query for artifact {self.artifact.name} finds>"


_QUERIED = "give the artifact's `query` as the default of an input"
lacks_members(
    Artifact,
    {
        "partitions": "`partition_keys` has the names, `labels` the values that are known",
        "time_partition": "`moment` has the value, if it is known",
        "embed_as_query": _QUERIED,
        "concrete_artifact_id": _QUERIED,
        "to_id_idl": _QUERIED,
    },
)


def artifact_of(type_: object) -> ArtifactIDSpecification | None:
    """The artifact in the annotation of an input or output, if there is one."""
    for metadata in get_args(type_):
        if isinstance(metadata, Artifact):
            return metadata()
        if isinstance(metadata, ArtifactIDSpecification):
            return metadata
    return None


def bindings_of(labels: Mapping[str, Label], moment: Moment | None) -> Iterator[tuple[str, InputBinding | AtRuntime]]:
    """The partitions whose value is not known when they are declared."""
    for key, value in (*labels.items(), (TIME_PARTITION, moment)):
        if isinstance(value, InputBinding | AtRuntime):
            yield key, value


def _keys(name: str, keys: Sequence[object], *, at: Location) -> tuple[str, ...]:
    if len(keys) > MAX_PARTITIONS:
        why = f"artifact `{name}` has {len(keys)} partitions, {MAX_PARTITIONS} are the most"
        raise mistake("InvalidArtifact", why, at=at)
    if any(not isinstance(key, str) or not key for key in keys):
        raise mistake("InvalidArtifact", f"`partition_keys` is {keys!r}, expected a list of names", at=at)
    return tuple(cast("Sequence[str]", keys))


def _label(key: str, value: object, *, at: Location) -> str | InputBinding:
    if isinstance(value, str | InputBinding):
        return value
    why = f"partition `{key}` is {value!r}, expected a text or `Inputs.NAME`"
    raise mistake("InvalidArtifact", why, at=at)


def _moment(value: object, *, at: Location) -> datetime | InputBinding:
    if isinstance(value, datetime | InputBinding):
        return value
    raise mistake("InvalidArtifact", f"a time partition is {value!r}, expected a `datetime` or `Inputs.NAME`", at=at)
