"""Tables of any kind as columns of numbers and categories, the way the models read them.

Numbers are read in place where they lie as 64-bit floats in one piece; words of categories cross into the
models once each, with a code per row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from opentrace.errors import ColumnError, ShapeError
from opentrace.table import Table

if TYPE_CHECKING:
    from opentrace._core import Cells

Columns: TypeAlias = "list[tuple[str, Cells]]"


def read(table: Any) -> tuple[Columns, int]:
    """The columns of a table and its number of rows.

    A table is a pandas, polars or Arrow frame (or anything with the Arrow stream interface), a mapping of
    names to columns, or an array of numbers, whose columns are then called ``x0``, ``x1``, …
    """
    columns = [(name, cells(name, values)) for name, values in named(table)]
    lengths = {name: rows_of(one) for name, one in columns}
    rows = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != rows:
            raise ShapeError(f"column `{name}` has {length} rows, want {rows}")
    return columns, rows


def names(table: Any) -> list[str]:
    """Names of a table's columns."""
    return [name for name, _ in named(table)]


def column(table: Any, name: str) -> Any:
    """One column of a table, as its library has it."""
    for known, values in named(table):
        if known == name:
            return values
    raise ColumnError(f"column `{name}` is not in the table")


def named(table: Any) -> list[tuple[str, Any]]:
    """The columns of a table by name, as its library has them."""
    if isinstance(table, Table):
        return [(name, table[name]) for name in table.columns]
    if isinstance(table, Mapping):
        return [(str(name), values) for name, values in table.items()]
    if isinstance(table, np.ndarray | list | tuple):
        array = np.asarray(table, dtype=object if isinstance(table, list | tuple) else None)
        if array.ndim != 2:
            raise ShapeError(f"a table of numbers has 2 dimensions, this has {array.ndim}")
        return [(f"x{at}", array[:, at]) for at in range(array.shape[1])]
    frame = _frame(table)
    return [(str(name), frame[name]) for name in frame.columns]


def _frame(table: Any) -> nw.DataFrame[Any]:
    frame = nw.from_native(table, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame
    if hasattr(table, "collect"):
        raise TypeError("a lazy frame has no rows yet: call `.collect()` first")
    if hasattr(table, "__arrow_c_stream__"):
        import pyarrow as pa

        return nw.from_native(pa.table(table), eager_only=True)
    raise TypeError(f"cannot read a table from {type(table).__name__}")


def cells(name: str, values: Any) -> Cells:
    """A column as numbers, or as codes and words."""
    series = series_of(values)
    if isinstance(series, nw.Series):
        if series.dtype.is_numeric() or series.dtype == nw.Boolean:
            return numbers(series)
        return coded(series.to_list())
    array = np.asarray(series)
    if array.ndim != 1:
        raise ShapeError(f"column `{name}` has {array.ndim} dimensions, want 1")
    if array.dtype.kind in "fiub":
        return numbers(array)
    items = array.tolist()
    if all(item is None or _is_number(item) for item in items):
        return numbers(items)
    return coded(items)


def numbers(values: Any) -> NDArray[np.float64]:
    """64-bit floats in one piece, not copied where they are already; missing values are NaN."""
    series = series_of(values)
    if isinstance(series, nw.Series):
        if series.dtype == nw.Decimal:
            series = series.cast(nw.Float64)
        try:
            array = series.to_numpy()
            if array.dtype == object:
                raise TypeError
        except (TypeError, ValueError):
            array = np.array([_float(value) for value in series.to_list()])
    elif isinstance(series, np.ndarray) and series.dtype.kind in "fiub":
        array = series
    else:
        array = np.array([_float(value) for value in series], dtype=np.float64)
    return np.ascontiguousarray(array, dtype=np.float64)


def coded(values: Iterable[Any]) -> tuple[NDArray[np.int32], list[str]]:
    """A code per row, in order of appearance and -1 where there is none, and the words of the codes."""
    words: dict[Any, int] = {}
    codes = np.fromiter(
        (-1 if _is_missing(value) else words.setdefault(value, len(words)) for value in values),
        dtype=np.int32,
    )
    return codes, [str(word) for word in words]


def series_of(values: Any) -> Any:
    """A column of a frame library as such, anything else as it is."""
    if isinstance(values, nw.Series | np.ndarray):
        return values
    return nw.from_native(values, series_only=True, pass_through=True)


def rows_of(one: Cells) -> int:
    """Number of rows of a column."""
    return len(one[0] if isinstance(one, tuple) else one)


def labels(values: Any) -> Sequence[Any]:
    """A column as plain Python values."""
    series = series_of(values)
    if isinstance(series, nw.Series):
        return series.to_list()
    return list(np.asarray(series).tolist())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.bool_)


def _float(value: Any) -> float:
    return float("nan") if _is_missing(value) else float(value)


def _is_missing(value: Any) -> bool:
    # None, NaN and the missing values of pandas are all unlike themselves, or are not to be compared.
    if value is None:
        return True
    try:
        return not bool(value == value)
    except TypeError:
        return True
