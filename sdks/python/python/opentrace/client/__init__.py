"""A client for a running server."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from opentrace.client import _answers, _export, _stream
from opentrace.client._answers import Anomalies, Answer, Forecast, Insights
from opentrace.client._http import Http
from opentrace.client._registry import Registry, Trial, Version
from opentrace.client._stream import Alert
from opentrace.client._track import Rejected, Tracker
from opentrace.errors import DataWarning
from opentrace.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Alert",
    "Anomalies",
    "Answer",
    "Client",
    "Forecast",
    "Insights",
    "Registry",
    "Rejected",
    "Trial",
    "Version",
]


class Client:
    """Asks a server, sends events to it, and listens to its alerts.

    >>> client = Client("https://stats.example.com", "ot_…", site="shop.example")
    >>> client.query(["visitors"], "30d", dimensions=["visit:source"]).to_pandas()  # doctest: +SKIP

    Parameters
    ----------
    url, key
        The server and the key; left out, ``OPENTRACE_URL`` and ``OPENTRACE_KEY`` say them.
    site
        The site that is meant where a call names none.
    timeout
        Seconds to wait for an answer.
    retries
        How often to ask again where the server was away or busy.
    on_rejected
        Called, from another thread, with each tracked event that the server did not take. Without it they are
        logged.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        site: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        on_rejected: Callable[[Rejected], None] | None = None,
    ) -> None:
        self._http = Http(url, key, timeout=timeout, retries=retries)
        self._tracker = Tracker(self._http, site, on_rejected)
        self.site = site
        self.models = Registry(self._http, site)
        """The models of the site: push, promote, ask."""

    def query(
        self,
        metrics: Sequence[Any],
        date_range: str | Sequence[str] = "30d",
        *,
        dimensions: Sequence[str] = (),
        filters: Sequence[Any] = (),
        site: str | None = None,
        **more: Any,
    ) -> Table:
        """Asks for figures; ``docs/guides/questions.md`` lists metrics, dimensions and filters.

        `more` is what else a query may have: ``order_by``, ``compare``, ``include``, ``pagination``.

        Returns
        -------
        A column per dimension and metric, named as they were asked for; times are dates. ``table.info`` holds
        the rest of the answer. With ``compare`` each metric has ``…:before`` and ``…:change`` beside it.
        """
        body = self._about(site) | {
            "metrics": list(metrics),
            "date_range": _range(date_range),
            "dimensions": list(dimensions),
            "filters": list(filters),
        }
        table = _answers.table(self._http.post("/api/v2/query", body | more))
        most = table.info["query"].get("pagination", {}).get("limit")
        if most is not None and len(table) == most and "pagination" not in more:
            message = f"these are the first {most} rows, there may be more: ask with `pagination`"
            warnings.warn(message, DataWarning, stacklevel=2)
        return table

    def ask(self, question: str, *, site: str | None = None, **more: Any) -> Answer:
        """Asks in words. `more`: ``timezone``, ``now``, ``dry_run``, and ``context`` (an answer before)."""
        context = more.get("context")
        if isinstance(context, Answer):
            more["context"] = context.raw
        return _answers.told(self._http.post("/api/v1/ask", self._about(site) | {"question": question} | more))

    def forecast(
        self,
        metric: str,
        *,
        granularity: str = "day",
        horizon: int | None = None,
        levels: Sequence[float] = (80, 95),
        dimensions: Sequence[str] = (),
        filters: Sequence[Any] = (),
        date_range: str | Sequence[str] | None = None,
        events: Mapping[str, Sequence[str]] | None = None,
        site: str | None = None,
    ) -> Forecast:
        """What a metric will be, with intervals.

        `events` are known in advance, by their days: ``{"sale": ["2025-11-28", "2026-11-27"]}``.
        """
        body = self._about(site) | _given(
            metric=metric,
            granularity=granularity,
            horizon=horizon,
            levels=list(levels),
            dimensions=list(dimensions) or None,
            filters=list(filters) or None,
            date_range=_range(date_range),
            events=[{"name": name, "dates": list(days)} for name, days in (events or {}).items()] or None,
        )
        return _answers.forecast(self._http.post("/api/v1/forecast", body))

    def anomalies(
        self,
        metric: str,
        *,
        granularity: str = "hour",
        filters: Sequence[Any] = (),
        date_range: str | Sequence[str] | None = None,
        sensitivity: Literal["low", "medium", "high"] | None = None,
        site: str | None = None,
    ) -> Anomalies:
        """When a metric was unlike what it was before, and which slices explain it."""
        body = self._about(site) | _given(
            metric=metric,
            granularity=granularity,
            filters=list(filters) or None,
            date_range=_range(date_range),
            sensitivity=sensitivity,
        )
        return _answers.anomalies(self._http.post("/api/v1/anomalies", body))

    def insights(
        self,
        date_range: str | Sequence[str] = "7d",
        *,
        metrics: Sequence[Any] | None = None,
        granularity: str | None = None,
        filters: Sequence[Any] = (),
        compare: str | Sequence[str] | None = None,
        limit: int | None = None,
        site: str | None = None,
    ) -> Insights:
        """What changed against the time before, and why.

        `compare` is ``"previous_period"`` (if left out) or a pair of dates; without `metrics` the main ones are
        looked at.
        """
        body = self._about(site) | _given(
            date_range=_range(date_range),
            metrics=None if metrics is None else list(metrics),
            granularity=granularity,
            filters=list(filters) or None,
            compare=_range(compare),
            limit=limit,
        )
        return _answers.insights(self._http.post("/api/v1/insights", body))

    def report(
        self, kind: Literal["retention", "funnel", "journeys"], *, site: str | None = None, **body: Any
    ) -> dict[str, Any]:
        """Retention, a funnel or journeys, by their bodies; the answer is as the server tells it."""
        answer: dict[str, Any] = self._http.post(f"/api/v1/{kind}", self._about(site) | body)
        return answer

    def track(
        self,
        name: str,
        *,
        site: str | None = None,
        at: datetime | None = None,
        user_id: str | None = None,
        url: str | None = None,
        props: Mapping[str, Any] | None = None,
        revenue: tuple[float | str, str] | None = None,
        **more: Any,
    ) -> str:
        """Sends an event, soon and from another thread; answers its id.

        Events leave in batches and are sent again, with the same ids, until the server takes them: none is
        counted twice. :meth:`flush` waits for all of them, and closing the client (or the end of the program)
        does so, too.

        Parameters
        ----------
        props
            Properties; values become text.
        revenue
            An amount and its currency: ``(19.90, "EUR")``.
        more
            Further fields of an event: ``anonymous_id``, ``referrer``, ``title``, ``ip``, ``user_agent``, …
        """
        fields = more | {
            "site": site,
            "user_id": user_id,
            "url": url,
            "props": {key: _text(value) for key, value in props.items()} if props else None,
            "revenue": {"amount": str(revenue[0]), "currency": revenue[1]} if revenue else None,
        }
        return self._tracker.add(name, fields, at)

    def flush(self, timeout: float | None = None) -> None:
        """Waits until the server has answered every event tracked so far; raises what it said, if it refused."""
        self._tracker.flush(timeout)

    def alerts(self, *, site: str | None = None, last_event_id: str | int | None = None) -> Iterator[Alert]:
        """What happens to alerts, as it happens, for ever.

        A connection that breaks is made again and goes on where it broke. Keep the ``id`` of the last alert
        that was dealt with and give it as `last_event_id` to go on there another day.
        """
        return _stream.alerts(self._http, site or self.site, last_event_id)

    def export(
        self,
        path: str | Path,
        *,
        format: Literal["parquet", "arrow", "csv", "ndjson"] | None = None,  # noqa: A002
        site: str | None = None,
        **more: Any,
    ) -> Path:
        """Writes all events to a file; the format is that of its name if none is given.

        `more`: ``from`` and ``to`` (as ``**{"from": "2026-01-01"}``), ``filters``, ``limit``, ``cursor``. Pages are
        asked for until there are no more, unless there is a ``limit``. A file appears only when it is complete. Parquet
        and Arrow need pyarrow.
        """
        path = Path(path)
        kind = format or {".arrows": "arrow", ".jsonl": "ndjson"}.get(path.suffix, path.suffix[1:])
        return _export.write(self._http, self._about(site) | more, kind, path)

    def events(self, *, site: str | None = None, **more: Any) -> pa.Table:
        """All events as an Arrow table; `more` as in :meth:`export`."""
        import pyarrow as pa

        return pa.concat_tables(_export.tables(self._http, self._about(site) | more))

    def close(self) -> None:
        """Sends what waits and closes the connections."""
        self._tracker.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._http.url!r}, site={self.site!r})"

    def _about(self, site: str | None) -> dict[str, Any]:
        asked = site or self.site
        if asked is None:
            raise ValueError("which site? Give `site` here or to the client")
        return {"site_id": asked}


def _range(date_range: str | Sequence[str] | None) -> Any:
    return date_range if isinstance(date_range, str) or date_range is None else list(date_range)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
