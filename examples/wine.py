"""Tell three kinds of wine apart by their chemistry: from raw data to a tuned model and a report.

    alula run examples/wine.py pipeline                                  # here, in this process
    alula run examples/wine.py pipeline --depths '[1, 2]' --rows 100     # with other inputs
    alula up --detach                                                    # or on a platform
    alula run --remote --wait examples/wine.py pipeline

The data: 178 wines from three growers in Italy, 13 measurements each. M. Forina et al., "Wine", UCI Machine Learning
Repository, https://doi.org/10.24432/C5PC7J, CC BY 4.0; it comes with scikit-learn.

What it shows: inputs that are lists, optional, and files; dataclasses, files and data frames from task to task; a
cached step; a step that fails once and is retried; a task mapped over hyper-parameters; a report with a plot as deck.
"""

import base64
import io
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from alula import Cache, Deck, FlyteFile, RecoverableError, current_context, map_task, task, workflow

SEED = 7
FOLDS = 5


@dataclass
class Settings:
    """Hyper-parameters of one model."""

    depth: int
    trees: int


@dataclass
class Score:
    """How well a model with these settings does."""

    settings: Settings
    accuracy: float


# Cached: the second run takes the file of the first. Another `version` makes it run again.
@task(cache=Cache(version="1"))
def export() -> FlyteFile:
    """Write the data set that comes with scikit-learn to a CSV file."""
    wines: Any = load_wine(as_frame=True)  # scikit-learn has no types
    file = FlyteFile.new("wine.csv")
    wines.frame.rename(columns={"target": "grower"}).to_csv(file.path, index=False)
    return file


# Only `RecoverableError` uses up `retries`; any other exception fails the step at once.
@task(retries=2)
def fetch_excluded() -> list[str]:
    """Ask a service which measurements must not be used. It is down the first time we ask."""
    if current_context().attempt == 0:
        raise RecoverableError("the service is starting, ask again")
    return ["ash", "nonflavanoid_phenols"]


@task
def clean(raw: FlyteFile, excluded: list[str], rows: int | None) -> pd.DataFrame:
    """Drop what must not be used and, if wanted, take a sample."""
    frame = pd.read_csv(raw).drop(columns=excluded)
    return frame if rows is None else frame.sample(rows, random_state=SEED, ignore_index=True)


@task
def make_grid(depths: list[int], trees: list[int]) -> list[Settings]:
    """Every combination of the hyper-parameters."""
    return [Settings(depth, count) for depth in depths for count in trees]


@task
def evaluate(data: pd.DataFrame, settings: Settings) -> Score:
    """The mean accuracy of a random forest with these settings, by cross-validation."""
    model = RandomForestClassifier(n_estimators=settings.trees, max_depth=settings.depth, random_state=SEED)
    scores = cross_val_score(model, data.drop(columns="grower"), data["grower"], cv=FOLDS)
    return Score(settings, float(scores.mean()))


@task
def choose(scores: list[Score]) -> Score:
    """The most accurate; of equals, the smallest."""
    return max(scores, key=lambda score: (score.accuracy, -score.settings.depth, -score.settings.trees))


@task(enable_deck=True)
def report(scores: list[Score], best: Score) -> FlyteFile:
    """Plot accuracy over depth. The plot is the task's output and its deck."""
    from matplotlib.figure import Figure  # here, because no other step needs it

    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    for count in sorted({score.settings.trees for score in scores}):
        line = sorted((s.settings.depth, s.accuracy) for s in scores if s.settings.trees == count)
        axes.plot([depth for depth, _ in line], [accuracy for _, accuracy in line], "o-", label=f"{count} trees")
    axes.set_title(f"best: {best.settings}")
    axes.set_xlabel("depth")
    axes.set_ylabel(f"accuracy, {FOLDS}-fold")
    axes.legend()

    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120)
    encoded = base64.b64encode(image.getvalue()).decode()
    Deck("Accuracy", f'<img alt="accuracy over depth" src="data:image/png;base64,{encoded}">')

    plot = FlyteFile.new("accuracy.png")
    with plot.open("wb") as file:
        file.write(image.getvalue())
    return plot


class Result(NamedTuple):
    """The outputs of the pipeline, by name."""

    best: Score
    plot: FlyteFile


@workflow
def pipeline(depths: list[int] = [1, 2, 4, 8], trees: list[int] = [5, 40], rows: int | None = None) -> Result:  # noqa: B006
    """Find the best random forest for the wine data.

    Args:
        depths: depths of the trees to try
        trees: numbers of trees to try
        rows: use a sample of this size; all rows otherwise
    """
    data = clean(raw=export(), excluded=fetch_excluded(), rows=rows)
    scores = map_task(partial(evaluate, data=data))(settings=make_grid(depths=depths, trees=trees))
    best = choose(scores=scores)
    return Result(best, report(scores=scores, best=best))
