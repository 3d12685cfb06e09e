"""Anomalies: which points are unlike what the series did before, and how?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from opentrace import _columns, _core, _series
from opentrace.errors import DataWarning, ShapeError
from opentrace.models._base import Model
from opentrace.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Sensitivity = Literal["low", "medium", "high"]
_THRESHOLDS: dict[str, float] = {"low": 0.98, "medium": 0.97, "high": 0.95}


@dataclass(frozen=True)
class Judgement:
    """What the detector says about one point."""

    score: float
    """How much of an anomaly, 0 to 1."""
    expected: float
    """What was expected before the value was seen."""
    lower: float
    """Lower edge of the band that holds 99 % of ordinary values."""
    upper: float
    """Upper edge of the same band."""
    kind: str | None
    """``spike``, ``drop``, ``level_shift``, ``trend`` or ``missing``, while an event lasts."""
    reason: str | None
    """Why, in words, for the point that raised the event."""
    is_anomaly: bool
    """Whether the score reaches the threshold of the detector's sensitivity."""


class AnomalyDetector(Model[_core.Detector]):
    """Finds anomalies in one series as its points come, with the detector that watches a site's figures.

    Causal: a point is judged by the points before it only, so scores of the past are those that were there
    at the time. One parameter set for every series, constant time and under 4 KB.

    >>> detector = AnomalyDetector()
    >>> values = [10 + (minute * 7) % 5 for minute in range(600)]
    >>> values[555] = 90
    >>> detector.fit_predict(values).nonzero()[0].tolist()
    [555]

    Parameters
    ----------
    sensitivity
        When a score is an alert: ``low`` (0.98), ``medium`` (0.97) or ``high`` (0.95, about twice as many).
    time, value
        Columns of the tables that are given; left out, ``timestamp`` and ``value``, or the only ones that fit.
    """

    kinds: ClassVar[tuple[str, ...]] = ("anomaly",)

    def __init__(
        self, sensitivity: Sensitivity = "medium", *, time: str | None = None, value: str | None = None
    ) -> None:
        self.sensitivity = sensitivity
        self.time = time
        self.value = value

    @property
    def threshold(self) -> float:
        """The score from which a point is an alert."""
        if self.sensitivity not in _THRESHOLDS:
            raise ValueError(f"`sensitivity` is {self.sensitivity!r}, want low, medium or high")
        return _THRESHOLDS[self.sensitivity]

    def fit(self, y: Any, times: Any = None) -> Self:
        """Learns what is usual from a history; what was learned before is forgotten."""
        self._core = None
        return self.partial_fit(y, times)

    def partial_fit(self, y: Any, times: Any = None) -> Self:
        """Learns more points, which follow those learned before."""
        core = self._core.copy() if self._core is not None else _core.Detector()
        _judge(core, self._points(y, times))
        self._core = core
        return self

    def detect(self, y: Any, times: Any = None) -> Table:
        """Judges a series from its beginning, each point by those before it, as ``opentrace detect`` does.

        What the detector was fitted to does not matter here; see :meth:`judge` for points that follow it.

        Returns
        -------
        A row per point: ``timestamp`` (or ``row``), ``value``, ``score``, ``expected``, ``lower``, ``upper``,
        ``kind``, ``reason``, ``is_anomaly``.
        """
        return self._table(_core.Detector(), self._points(y, times))

    def judge(self, y: Any, times: Any = None) -> Table:
        """Judges points that follow the fitted history; the detector itself stays as it is."""
        return self._table(self._fitted().copy(), self._points(y, times))

    def predict(self, y: Any, times: Any = None) -> NDArray[np.bool_]:
        """Which points that follow the fitted history are anomalies."""
        return self.judge(y, times)["is_anomaly"]

    def fit_predict(self, y: Any, times: Any = None) -> NDArray[np.bool_]:
        """Which points of a history are anomalies, judged from its beginning; it is then learned."""
        series = self._points(y, times)
        core = _core.Detector()
        table = self._table(core, series)
        self._core = core
        return table["is_anomaly"]

    def score_samples(self, y: Any, times: Any = None) -> NDArray[np.float64]:
        """Scores, 0 to 1, of points that follow the fitted history; larger is stranger."""
        return self.judge(y, times)["score"]

    def observe(self, value: float | None, at: datetime | str | int | None = None) -> Judgement:
        """Judges one point as it comes, then learns it. Without a time it is the next row.

        >>> AnomalyDetector().observe(3.0, "2026-01-31T12:00").is_anomaly
        False
        """
        if self._core is None:
            self._core = _core.Detector()
        at_ms = self._core.rows if at is None else int(_series.millis([at])[0])
        score, expected, lower, upper, kind, reason = self._core.observe(at_ms, value)
        words = reason[0] if reason else None
        return Judgement(score, expected, lower, upper, kind, words, score >= self.threshold)

    def plot(self, y: Any, times: Any = None, *, ax: Axes | None = None) -> Axes:
        """Draws a series with the band that was expected and the anomalies found in it."""
        from opentrace import plots

        return plots.anomalies(self.detect(y, times), ax=ax)

    def _points(self, y: Any, times: Any) -> _series.Series:
        return _series.read(y, times, time=self.time, value=self.value)

    def _table(self, core: _core.Detector, series: _series.Series) -> Table:
        scores, expected, lower, upper, kinds, reasons = _judge(core, series)
        return Table(
            {
                "timestamp" if series.clocked else "row": series.stamps(),
                "value": series.values,
                "score": scores,
                "expected": expected,
                "lower": lower,
                "upper": upper,
                "kind": kinds,
                "reason": reasons,
                "is_anomaly": scores >= self.threshold,
            }
        )

    @classmethod
    def _read(cls, folder: Path) -> _core.Detector:
        return _core.Detector.load(folder)


def _judge(core: _core.Detector, series: _series.Series) -> tuple[NDArray[Any], ...]:
    *numbers, kinds, reasons, late = core.judge(_from_zero(core, series), series.values)
    if late:
        message = f"{late} rows are not later than the row before them: taken as directly following it"
        warnings.warn(message, DataWarning, stacklevel=4)
    return (*numbers, _sparse(kinds, len(series.values)), _sparse(reasons, len(series.values)))


def _from_zero(core: _core.Detector, series: _series.Series) -> NDArray[np.int64]:
    """Rows without times follow those seen before."""
    return series.times if series.clocked else series.times + core.rows


def _sparse(known: list[tuple[int, str]], rows: int) -> NDArray[Any]:
    column = np.full(rows, None, dtype=object)
    for row, word in known:
        column[row] = word
    return column


def explain(
    cells: Any, dimensions: list[str], *, actual: str = "actual", expected: str = "expected", per: str | None = None
) -> Table:
    """Which slices explain why a metric is not what was expected? Root cause by dimension.

    Parameters
    ----------
    cells
        A table with a row per combination of the dimensions' values.
    dimensions
        Columns with the values, for example ``["country", "device"]``.
    actual, expected
        Columns with what was measured and expected. Of a ratio, what is above the line.
    per
        Of a ratio: the columns ``{per}_actual`` and ``{per}_expected`` hold what is below the line.

    Returns
    -------
    Up to five slices, the best first: ``slice`` in words, a column per dimension (None: any value),
    ``actual``, ``expected``, ``share`` of the change that it explains, ``surprise``.
    """
    if not dimensions:
        raise ShapeError("there are no dimensions to explain by")
    coded = [_columns.coded(_columns.labels(_columns.column(cells, name))) for name in dimensions]

    def numbers(name: str) -> NDArray[np.float64]:
        return _columns.numbers(_columns.column(cells, name))

    below = (numbers(f"{per}_actual"), numbers(f"{per}_expected")) if per else None
    whole, foreseen, slices = _core.explain([codes for codes, _ in coded], numbers(actual), numbers(expected), below)
    rows = []
    for keys, measured, usual, share, surprise in slices:
        fixed = {dimensions[at]: coded[at][1][code] if code < len(coded[at][1]) else None for at, code in keys}
        words = " and ".join(f"{name} = {word}" for name, word in fixed.items()) or "everything"
        rows.append(
            {"slice": words}
            | {name: fixed.get(name) for name in dimensions}
            | {"actual": measured, "expected": usual, "share": share, "surprise": surprise}
        )
    return Table.of_rows(rows, info={"actual": whole, "expected": foreseen})
