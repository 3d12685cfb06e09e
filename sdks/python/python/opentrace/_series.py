"""Series of any kind as times and values.

Times become milliseconds on the clock of the series: where they carry a time zone, the clock on the wall
there, because the models learn days and weeks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from opentrace import _columns
from opentrace.errors import ColumnError, ShapeError
from opentrace.table import Table

_SECONDS_END = 100_000_000_000
"""Whole numbers below this are seconds since 1970, others milliseconds, as on the command line."""


@dataclass(frozen=True)
class Series:
    """Times in milliseconds and values; NaN is missing."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    clocked: bool
    """Whether the times are times, not just the numbers of the rows."""

    def stamps(self) -> NDArray[Any]:
        """The times as they are shown: dates, or the numbers of the rows."""
        return self.times.view("datetime64[ms]") if self.clocked else self.times

    def sorted(self) -> Series:
        """In order of time; of rows with one time the last."""
        times, values = self.times[::-1], self.values[::-1]
        kept, first = np.unique(times, return_index=True)
        return Series(kept, np.ascontiguousarray(values[first]), self.clocked)


def read(y: Any, times: Any = None, *, time: str | None = None, value: str | None = None) -> Series:
    """The series in `y`: values with `times` beside them, a series with times as its index, or a table.

    Of a table, `time` and `value` name the columns; left out, they are the columns ``timestamp`` and
    ``value``, else the only one with times and the only one with numbers.
    """
    if times is None and _is_table(y):
        known = dict(_columns.named(y))
        time = time or _only(known, "timestamp", _is_time, "times")
        value = value or _only({n: v for n, v in known.items() if n != time}, "value", _is_numeric, "numbers")
        return read(_columns.column(y, value), _columns.column(y, time))
    if times is None:
        times = _index(y)
    values = _columns.numbers(y)
    if values.ndim != 1:
        raise ShapeError(f"a series has 1 dimension, this has {values.ndim}")
    if times is None:
        return Series(np.arange(len(values), dtype=np.int64), values, clocked=False)
    at = millis(times)
    if len(at) != len(values):
        raise ShapeError(f"{len(at)} times for {len(values)} values")
    return Series(at, values, clocked=True)


def split(table: Any, series: str, time: str | None, value: str | None) -> dict[Any, Series]:
    """The series of a long table, by the name in column `series`, in order of appearance."""
    names = _columns.labels(_columns.column(table, series))
    rest = {name: column for name, column in _columns.named(table) if name != series}
    whole = read(rest, time=time, value=value)
    codes, _ = _columns.coded(names)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(codes.max(initial=-1) + 2))
    known = dict.fromkeys(name for name, code in zip(names, codes, strict=True) if code >= 0)
    parts = {}
    for at, name in enumerate(known):
        rows = order[bounds[at] : bounds[at + 1]]
        parts[name] = Series(whole.times[rows], whole.values[rows], whole.clocked).sorted()
    return parts


def millis(times: Any) -> NDArray[np.int64]:
    """Milliseconds of times: dates, text in ISO 8601, or seconds or milliseconds since 1970."""
    series = _columns.series_of(times)
    if isinstance(series, nw.Series):
        if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone is not None:
            series = series.dt.replace_time_zone(None)
        array = series.to_numpy() if series.dtype.is_temporal() else np.asarray(series.to_list())
    elif _has_zone(times):
        array = times.tz_localize(None).to_numpy()
    else:
        array = np.asarray(times)
    if array.dtype.kind in "OUT":
        array = np.array([_moment(item) for item in array.tolist()], dtype="datetime64[ms]")
    if array.dtype.kind == "M":
        if np.isnat(array).any():
            raise ColumnError("a time is missing")
        return np.ascontiguousarray(array.astype("datetime64[ms]").astype(np.int64))
    if array.dtype.kind not in "iu":
        raise ColumnError(f"times are dates, text or whole numbers, not {array.dtype}")
    whole = array.astype(np.int64)
    return np.where(np.abs(whole) < _SECONDS_END, whole * 1000, whole)


def _moment(item: Any) -> np.datetime64:
    if hasattr(item, "tzinfo") and item.tzinfo is not None:
        item = item.replace(tzinfo=None)
    if isinstance(item, str):
        # An offset names the clock on the wall; NumPy reads the wall alone.
        item = item.strip().removesuffix("Z")
        plus = max(item.rfind("+"), item.rfind("-") if item.count("-") > 2 else -1)
        item = item[:plus] if plus > 10 else item
    try:
        return np.datetime64(item, "ms")
    except (TypeError, ValueError) as error:
        raise ColumnError(f"{item!r} is not a time") from error


def _is_table(y: Any) -> bool:
    if isinstance(y, Table | Mapping):
        return True
    return isinstance(nw.from_native(y, eager_only=True, pass_through=True), nw.DataFrame)


def _index(y: Any) -> Any:
    """The times a pandas series has as its index."""
    index = getattr(y, "index", None)
    if type(index).__name__ == "PeriodIndex":
        index = index.to_timestamp()  # type: ignore[union-attr]
    return index if _is_dates(index) else None


def _is_dates(index: Any) -> bool:
    return type(index).__name__ == "DatetimeIndex"


def _has_zone(times: Any) -> bool:
    return _is_dates(times) and getattr(times, "tz", None) is not None


def _only(known: dict[str, Any], usual: str, fits: Any, what: str) -> str:
    if usual in known:
        return usual
    found = [name for name, values in known.items() if fits(values)]
    if len(found) == 1:
        return found[0]
    which = f"`{'`, `'.join(found)}`" if found else "none"
    raise ColumnError(f"which column holds the {what}? Call it `{usual}` or name it (found: {which})")


def _is_time(values: Any) -> bool:
    series = _columns.series_of(values)
    if isinstance(series, nw.Series):
        return series.dtype.is_temporal()
    return np.asarray(series).dtype.kind == "M"


def _is_numeric(values: Any) -> bool:
    series = _columns.series_of(values)
    if isinstance(series, nw.Series):
        return series.dtype.is_numeric()
    return np.asarray(series).dtype.kind in "fiu"
