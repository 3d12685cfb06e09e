"""Forecasts: what comes next, and how sure is that?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opentrace import _columns, _core, _series
from opentrace.errors import ColumnError, NotFittedError, ShapeError
from opentrace.models._base import Model
from opentrace.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Forecaster(Model[_core.Learned]):
    """Forecasts a series, or many at once, with calibrated intervals.

    Ten methods forecast stretches of the history that are already known; their mixture is chosen per series,
    and its errors there make the intervals. Twenty series or more also learn from each other how wide
    intervals must be.

    >>> history = [100 + 10 * (day % 7) for day in range(140)]
    >>> forecast = Forecaster(horizon=7, seasons=[7]).fit(history).predict()
    >>> round(float(forecast["mean"][6]))
    160

    Parameters
    ----------
    horizon
        Steps ahead.
    seasons
        Lengths of seasons in steps, such as ``[24, 168]`` for hours; none takes those of the calendar (a day
        and a week for hours), else what the data show. ``[]`` is no season.
    levels
        Levels of the intervals in percent.
    network
        Whether a neural network is trained on all series together, as the server trains it: one more method of
        the mixture, believed as far as it helps on stretches that it has not seen. It takes minutes for hundreds
        of series and needs twenty; ``metrics_`` says what it was worth.
    seed
        Of everything random in that training: the same seed and data give the same model.
    series, time, value
        Columns of the tables that are given: with ``series`` a table holds many series, told apart by that
        column. Left out, ``time`` and ``value`` are ``timestamp`` and ``value``, or the only ones that fit.
    """

    kinds: ClassVar[tuple[str, ...]] = ("forecast",)

    def __init__(
        self,
        horizon: int = 28,
        *,
        seasons: Sequence[int] | None = None,
        levels: Sequence[float] = (80, 95),
        network: bool = False,
        seed: int = 1,
        series: str | None = None,
        time: str | None = None,
        value: str | None = None,
    ) -> None:
        self.horizon = horizon
        self.seasons = seasons
        self.levels = levels
        self.network = network
        self.seed = seed
        self.series = series
        self.time = time
        self.value = value

    @property
    def metrics_(self) -> dict[str, float]:
        """What the networks were worth on stretches that they had not seen: ``smape`` with and without them, and
        their share of the mixture; empty without ``network``."""
        return self._fitted().metrics

    def fit(self, y: Any, times: Any = None) -> Self:
        """Learns seasons and the widths of intervals (with ``network`` what many series have in common, too), and
        keeps the history to forecast from."""
        if any(not 0 < level < 100 for level in self.levels):
            raise ValueError(f"`levels` is {list(self.levels)}, want percent between 0 and 100")
        history = self._histories(y, times)
        # The models take no season for what the calendar or the data show, and 1 for none.
        seasons = [1] if self.seasons is not None and not list(self.seasons) else list(self.seasons or [])
        points = [(one.times, one.values) for one in history.values()]
        shares = [level / 100 for level in self.levels]
        network = self.seed if self.network else None
        self._core = _core.Learned.fit(points, self.horizon, seasons, shares, network)
        self.history_ = history
        return self

    def predict(
        self,
        y: Any = None,
        times: Any = None,
        *,
        horizon: int | None = None,
        events: Mapping[str, Sequence[Any]] | None = None,
    ) -> Table:
        """Forecasts the steps after the fitted history, or after another one, `y`.

        Parameters
        ----------
        horizon
            Steps ahead, if not those of the model.
        events
            Times of each known event, past and coming: ``{"holiday": ["2025-12-25", "2026-12-25"]}``. What an
            event did before is taken out of the history and put into the forecast where it comes again.

        Returns
        -------
        A row per series and step: ``series`` (of many), ``step``, ``timestamp`` (where there are times),
        ``mean``, and ``lo80``, ``hi80``, … for each level.
        """
        core, history = self._fitted(), self._asked(y, times)
        known = [_series.millis(list(when)).tolist() for when in (events or {}).values()]
        steps = self.horizon if horizon is None else horizon

        def ahead(one: _series.Series) -> Any:
            return core.forecast((one.times, one.values), steps, known)

        # The interpreter is free while a forecast is made, so threads make many at once.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            answers = list(pool.map(ahead, history.values()))
        parts = []
        self.weights_: dict[Any, dict[str, float]] = {}
        for (name, one), (at, mean, bands, weights) in zip(history.items(), answers, strict=True):
            self.weights_[name] = dict(weights)
            columns: dict[str, Any] = {} if self.series is None else {self.series: [name] * steps}
            columns["step"] = np.arange(1, len(mean) + 1)
            if one.clocked and None not in at:
                columns["timestamp"] = np.array(at, dtype="datetime64[ms]")
            columns["mean"] = mean
            for level, lower, upper in bands:
                columns[f"lo{_percent(level)}"], columns[f"hi{_percent(level)}"] = lower, upper
            parts.append(columns)
        shared = [name for name in parts[0] if all(name in part for part in parts)] if parts else []
        return Table({name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in shared})

    def fit_predict(self, y: Any, times: Any = None) -> Table:
        """Fits and forecasts."""
        return self.fit(y, times).predict()

    def score(self, y: Any, times: Any = None) -> float:
        """How good a forecast of `y`, the values that came after the fitted history, was.

        The skill against repeating the last season: 1 is perfect, 0 is as good as repeating, below 0 is
        worse. Of many series the mean.
        """
        truths = self._histories(y, times)
        if self._history().keys() != truths.keys():
            raise ColumnError("the series are not those that the model was fitted to")
        longest = max(len(truth.values) for truth in truths.values())
        forecast = self.predict(horizon=longest)
        skills = []
        for name, truth in truths.items():
            mean = forecast["mean"]
            if self.series is not None:
                mean = mean[forecast[self.series] == name]
            skills.append(self._skill(name, truth.values, mean[: len(truth.values)]))
        return float(np.mean(skills))

    def plot(
        self, y: Any = None, times: Any = None, *, truth: Any = None, last: int | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draws the end of the history (`last` points of it), its forecast, and what came then (`truth`).

        Of many series give the one to draw as `y`.
        """
        from opentrace import plots

        history = self._asked(y, times)
        if len(history) != 1:
            raise ShapeError(f"there are {len(history)} series: give the one to draw")
        (name, one), forecast = next(iter(history.items())), self.predict(y, times)
        if not len(forecast):
            raise ShapeError(f"series `{name}` has no forecast")
        past = Table({"timestamp" if one.clocked else "row": one.stamps(), "value": one.values})
        return plots.forecast(past, forecast, truth=truth, last=last, ax=ax)

    def _skill(self, name: Any, truth: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
        past = self._history()[name].values
        past = past[~np.isnan(past)]
        season = max((length for seasons in self._fitted().seasons for length in seasons), default=1)
        season = season if len(past) > season else 1
        repeated = np.resize(past[-season:], len(truth))
        error, usual = np.nanmean(np.abs(truth - mean)), np.nanmean(np.abs(truth - repeated))
        return float(1 - error / usual) if usual > 0 else float(error == 0)

    def _histories(self, y: Any, times: Any) -> dict[Any, _series.Series]:
        if self.series is not None:
            return _series.split(y, self.series, self.time, self.value)
        return {None: _series.read(y, times, time=self.time, value=self.value).sorted()}

    def _history(self) -> dict[Any, _series.Series]:
        history: dict[Any, _series.Series] | None = getattr(self, "history_", None)
        if history is None:
            raise NotFittedError("a model that was loaded has no history: give `y`")
        return history

    def _asked(self, y: Any, times: Any) -> dict[Any, _series.Series]:
        self._fitted()
        return self._history() if y is None else self._histories(y, times)

    @classmethod
    def _read(cls, folder: Path) -> _core.Learned:
        return _core.Learned.load(folder)

    def _loaded(self, core: _core.Learned) -> None:
        self.horizon = core.horizon
        self.levels = tuple(_percent(level) for level in core.levels)


def detect_seasons(y: Any) -> list[int]:
    """Lengths of the seasons that a series shows, at most two, the shortest first.

    >>> detect_seasons([100 + 10 * (day % 7) for day in range(140)])[0]
    7
    """
    return _core.detect_seasons(_columns.numbers(y))


def _percent(share: float) -> float | int:
    percent = round(share * 100, 6)
    return int(percent) if percent == int(percent) else percent
