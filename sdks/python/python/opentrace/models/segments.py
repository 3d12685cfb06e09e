"""Segments: which kinds of people are there, and what sets them apart?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from opentrace import _columns, _core
from opentrace.models._base import Model
from opentrace.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


Method = Literal["k-means", "mixture", "density"]


@dataclass(frozen=True)
class Difference:
    """A feature that sets a segment apart."""

    feature: str
    """The column; for a category ``column = value``."""
    here: float
    """Mean (share, for a category) within the segment."""
    overall: float
    """Mean over all rows."""
    strength: float
    """Difference in standard deviations."""


@dataclass(frozen=True)
class Segment:
    """A group of rows that are alike."""

    id: int
    """Keeps its meaning across retraining."""
    name: str
    """In words, for example ``returning buyers from newsletter: 4.1× revenue``."""
    share: float
    """Share of all rows."""
    differences: list[Difference]
    """What sets it apart, strongest first."""


class Segments(Model[_core.Segments]):
    """Groups of people, their number chosen by the data, named by what sets them apart.

    >>> model = Segments().fit(features)  # doctest: +SKIP
    >>> [(one.name, one.share) for one in model.segments_]  # doctest: +SKIP

    Parameters
    ----------
    method
        ``k-means``, ``mixture`` (Gaussian) or ``density`` (DBSCAN).
    seed
        Of everything random: the same seed and data give the same segments.
    """

    kinds: ClassVar[tuple[str, ...]] = ("segments",)

    def __init__(self, method: Method = "k-means", *, seed: int = 1) -> None:
        self.method = method
        self.seed = seed

    def fit(self, X: Any, y: Any = None, *, before: Segments | None = None) -> Self:
        """Finds segments in the rows of a table; `y` is not used.

        Segments of an earlier training, `before`, lend their ids to those that are still there.
        """
        columns, rows = _columns.read(X)
        earlier = before._fitted() if before is not None else None
        self._core = _core.Segments.fit(columns, rows, self.method, self.seed, earlier)
        self.labels_ = self._core.assign(columns, rows)
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The id of each row's segment: the one whose centre is nearest."""
        columns, rows = _columns.read(X)
        return self._fitted().assign(columns, rows)

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int64]:
        """Finds segments and says which one each row belongs to."""
        return self.fit(X).labels_

    @property
    def segments_(self) -> list[Segment]:
        """The segments, largest first."""
        return [
            Segment(number, name, share, [Difference(*one) for one in apart])
            for number, name, share, apart in self._fitted().segments
        ]

    @property
    def silhouette_(self) -> float:
        """How clearly the segments are apart: 1 is far, 0 is no structure."""
        return self._fitted().silhouette

    def describe(self) -> Table:
        """A row per segment: ``id``, ``name``, ``share``, and the mean of each feature (share, of a category)."""
        rows = []
        for segment in self.segments_:
            means = {one.feature: one.here for one in sorted(segment.differences, key=lambda d: d.feature)}
            rows.append({"id": segment.id, "name": segment.name, "share": segment.share} | means)
        return Table.of_rows(rows)

    def plot(self, *, top: int = 8, ax: Axes | None = None) -> Axes:
        """Draws what sets the segments apart: a row per segment, a column per feature."""
        from opentrace import plots

        return plots.segments(self.segments_, top=top, ax=ax)

    @classmethod
    def _read(cls, folder: Path) -> _core.Segments:
        return _core.Segments.load(folder)

    def _loaded(self, core: _core.Segments) -> None:
        self.method = cast(Method, core.method)
        self.seed = core.seed
