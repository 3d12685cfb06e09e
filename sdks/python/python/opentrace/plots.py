"""Pictures of what the models say, with matplotlib. Every function takes and returns an ``Axes``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from opentrace.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from opentrace.models.segments import Segment

_LINE = "#3b5b92"
_BAND = "#9db4d8"
_ALERT = "#c8442f"
_MUTED = "#8a8f98"


def anomalies(table: Table, *, ax: Axes | None = None) -> Axes:
    """A series with the band that was expected, and its anomalies, from ``AnomalyDetector.detect``."""
    ax = _axes(ax, wide=True)
    x = table[table.columns[0]]
    value, found = table["value"], table["is_anomaly"]
    # A band that is far wider than the data would flatten them.
    low, high = np.nanmin(value), np.nanmax(value)
    room = 0.15 * ((high - low) or 1.0)
    lower, upper = (np.clip(table[name], low - room, high + room) for name in ("lower", "upper"))
    ax.fill_between(x, lower, upper, color=_BAND, alpha=0.5, linewidth=0, label="expected")
    ax.plot(x, value, color=_LINE, linewidth=0.9, label="measured")
    ax.scatter(x[found], value[found], color=_ALERT, s=28, zorder=3, label="anomaly")
    ax.set_ylim(low - room, high + room)
    ax.legend(loc="best", frameon=False, ncols=3)
    return ax


def forecast(past: Table, ahead: Table, *, truth: Any = None, last: int | None = None, ax: Axes | None = None) -> Axes:
    """The end of a history, its forecast with intervals, and what came then, if that is known.

    `past` holds times (or rows) and values, `ahead` what ``Forecaster.predict`` said; `last` is how many points
    of the past are shown (by default four times as many as were forecast).
    """
    ax = _axes(ax, wide=True)
    steps = len(ahead)
    past_x, past_y = (past[name][-(last or 4 * steps) :] for name in past.columns[:2])
    if "timestamp" in ahead and past_x.dtype.kind == "M":
        x = ahead["timestamp"]
    else:
        ends = past_x[-1] if past_x.dtype.kind in "iu" else past.shape[0] - 1
        past_x = np.arange(ends - len(past_y) + 1, ends + 1)
        x = ends + ahead["step"]
    levels = sorted((float(name[2:]) for name in ahead.columns if name.startswith("lo")), reverse=True)
    for shade, level in enumerate(levels):
        lower, upper = ahead[f"lo{level:g}"], ahead[f"hi{level:g}"]
        alpha = 0.35 + 0.35 * shade / max(len(levels) - 1, 1)
        ax.fill_between(x, lower, upper, color=_BAND, alpha=alpha, linewidth=0, label=f"{level:g} %")
    ax.plot(past_x, past_y, color=_MUTED, linewidth=1.1, label="history")
    ax.plot(x, ahead["mean"], color=_LINE, linewidth=1.6, label="forecast")
    if truth is not None:
        ax.plot(x[: len(truth)], truth, color=_ALERT, linewidth=1.1, label="what came")
    ax.legend(loc="best", frameon=False, ncols=5)
    return ax


def contributions(table: Table, *, row: int | None = None, top: int = 10, ax: Axes | None = None) -> Axes:
    """Which columns matter, from ``explain`` of a prediction: on average, or for one row."""
    names = [name for name in table.columns if name != "base"]
    each = np.array([np.abs(table[name]).mean() if row is None else table[name][row] for name in names])
    order = np.argsort(np.abs(each))[-top:]
    ax = _axes(ax, rows=len(order))
    colours = [_LINE if each[at] >= 0 else _ALERT for at in order]
    ax.barh([names[at] for at in order], each[order], color=colours, height=0.7)
    ax.axvline(0, color=_MUTED, linewidth=0.8)
    ax.set_xlabel("mean size of the contribution" if row is None else "contribution")
    return ax


def segments(segments: Sequence[Segment], *, top: int = 8, ax: Axes | None = None) -> Axes:
    """What sets segments apart: a row per segment, a column per feature, colours in standard deviations."""
    strengths: dict[str, float] = {}
    for segment in segments:
        for one in segment.differences:
            strengths[one.feature] = max(strengths.get(one.feature, 0.0), abs(one.strength))
    features = sorted(strengths, key=lambda name: -strengths[name])[:top]
    grid = np.zeros((len(segments), len(features)))
    for at, segment in enumerate(segments):
        known = {one.feature: one.strength for one in segment.differences}
        grid[at] = [known.get(name, 0.0) for name in features]
    ax = _axes(ax, rows=max(2 * len(segments), 6), wide=True)
    picture = ax.imshow(np.clip(grid, -3, 3), cmap="RdBu", vmin=-3, vmax=3, aspect="auto")
    ax.set_xticks(range(len(features)), features, rotation=30, ha="right")
    ax.set_yticks(range(len(segments)), [f"{one.name}\n{one.share:.0%}" for one in segments])
    ax.spines[:].set_visible(False)
    if ax.figure is not None:
        ax.figure.colorbar(picture, ax=ax, label="standard deviations")
    return ax


def _axes(ax: Axes | None, *, rows: int = 0, wide: bool = False) -> Axes:
    if ax is None:
        import matplotlib.pyplot as plt

        height = max(2.2, 0.32 * rows + 0.8) if rows else 3.4
        _, ax = plt.subplots(figsize=(10 if wide else 7, height), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
