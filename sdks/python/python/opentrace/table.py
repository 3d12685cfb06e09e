"""Answers with rows and columns, handed on to whatever library the reader prefers."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_SHOWN = 20


class Table:
    """Columns of equal length, by name.

    ``table["mean"]`` is a NumPy array that is shared, not copied; :meth:`to_pandas`, :meth:`to_polars` and
    :meth:`to_arrow` hand the columns on (numbers and times without copies where the library allows it).
    Libraries that read the Arrow stream interface take a table as it is: ``polars.DataFrame(table)``.
    """

    def __init__(self, columns: Mapping[str, Any], *, info: Mapping[str, Any] | None = None) -> None:
        self._columns = {name: _array(values) for name, values in columns.items()}
        self.info: dict[str, Any] = dict(info or {})
        """What else the answer said, for example which view of the server answered."""
        lengths = {len(values) for values in self._columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        self._rows = lengths.pop() if lengths else 0

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]], *, info: Mapping[str, Any] | None = None) -> Table:
        """A table of dictionaries, one a row; names in order of appearance, missing cells are None."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        return cls({name: [row.get(name) for row in rows] for name in names}, info=info)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._rows, len(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, one after the other, as dictionaries of plain Python values."""
        lists = {name: values.tolist() for name, values in self._columns.items()}
        return (dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True))

    def to_numpy(self) -> NDArray[Any]:
        """The numeric columns, side by side."""
        numeric = [values for values in self._columns.values() if values.dtype.kind in "fiub"]
        return np.column_stack(numeric) if numeric else np.empty((self._rows, 0))

    def to_pandas(self) -> pd.DataFrame:
        """A pandas frame."""
        import pandas as pd

        return pd.DataFrame(dict(self._columns), copy=False)

    def to_polars(self) -> pl.DataFrame:
        """A polars frame."""
        import polars as pl

        return pl.DataFrame({name: pl.Series(name, _plain(v)) for name, v in self._columns.items()})

    def to_arrow(self) -> pa.Table:
        """An Arrow table."""
        import pyarrow as pa

        return pa.table({name: pa.array(_plain(values)) for name, values in self._columns.items()})

    def to_parquet(self, path: str | Path) -> Path:
        """Writes a parquet file."""
        import pyarrow.parquet as pq

        pq.write_table(self.to_arrow(), path)
        return Path(path)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        cells = [self.columns, *(list(row) for row in self._head())]
        widths = [max(len(row[at]) for row in cells) for at in range(len(self._columns))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
        more = [f"… {self._rows} rows"] if self._rows > _SHOWN else []
        return "\n".join([*lines, *more]) if self._columns else "Table without columns"

    def _repr_html_(self) -> str:
        def row(cells: list[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(row(list(cells), "td") for cells in self._head())
        more = f"<p>{self._rows} rows</p>" if self._rows > _SHOWN else ""
        return f"<table><thead>{row(self.columns, 'th')}</thead><tbody>{body}</tbody></table>{more}"

    def _head(self) -> Iterator[tuple[str, ...]]:
        return zip(*([_shown(cell) for cell in v[:_SHOWN]] for v in self._columns.values()), strict=True)


def _array(values: Any) -> NDArray[Any]:
    """An array of numbers, times or truths; anything else, and text, as objects."""
    if isinstance(values, np.ndarray):
        return values
    values = list(values)
    present = [value for value in values if value is not None]
    if present and all(type(value) is int or type(value) is float for value in present):
        if len(present) == len(values) and all(type(value) is int for value in values):
            return np.array(values, dtype=np.int64)
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if present and len(present) == len(values) and all(type(value) is bool for value in values):
        return np.array(values, dtype=np.bool_)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _plain(values: NDArray[Any]) -> Any:
    """What other libraries take: objects as a list, so that they find the type."""
    return values.tolist() if values.dtype == object else values


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float | np.floating):
        return f"{cell:.6g}"
    if isinstance(cell, np.datetime64):
        return str(cell.astype("datetime64[s]")).replace("T", " ")
    return str(cell)
