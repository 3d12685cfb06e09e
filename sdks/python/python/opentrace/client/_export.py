"""Events as they are stored, page after page until there are no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from opentrace.client._http import Http
from opentrace.errors import ConnectionFailedError

if TYPE_CHECKING:
    import pyarrow as pa

_PIECE = 1 << 20


def pages(http: Http, query: Mapping[str, Any]) -> Iterator[urllib3.BaseHTTPResponse]:
    """Every page of an export, one after the other; where a `limit` is asked for, the first alone."""
    cursor = query.get("cursor")
    while True:
        with http.stream("/api/v1/export", query={**query, "cursor": cursor}) as response:
            yield response
            if response.length_remaining not in (None, 0):
                raise ConnectionFailedError("the export broke off")
            cursor = response.headers.get("X-Next-Cursor")
        if cursor is None or "limit" in query:
            return


def tables(http: Http, query: Mapping[str, Any]) -> Iterator[pa.Table]:
    """Every page as an Arrow table."""
    import pyarrow as pa

    for response in pages(http, {**query, "format": "arrow"}):
        yield pa.ipc.open_stream(response.read()).read_all()


def write(http: Http, query: Mapping[str, Any], kind: str, path: Path) -> Path:
    """Writes all pages into one file, which appears only when it is complete."""
    part = path.with_name(path.name + ".part")
    try:
        if kind in ("parquet", "arrow"):
            _write_tables(http, query, kind, part)
        else:
            _write_text(http, query, kind, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _write_text(http: Http, query: Mapping[str, Any], kind: str, part: Path) -> None:
    with part.open("wb") as file:
        for number, response in enumerate(pages(http, {**query, "format": kind})):
            # Each page of CSV begins with the names of the columns; the file has them once.
            header = kind == "csv" and number > 0
            for piece in response.stream(_PIECE):
                if header:
                    _, line, piece = piece.partition(b"\n")
                    header = not line
                file.write(piece)


def _write_tables(http: Http, query: Mapping[str, Any], kind: str, part: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: Any = None
    try:
        for table in tables(http, query):
            if writer is None:
                parquet = kind == "parquet"
                writer = pq.ParquetWriter(part, table.schema) if parquet else pa.ipc.new_stream(part, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
