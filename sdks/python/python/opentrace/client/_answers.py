"""What the server answers, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from opentrace.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Answer:
    """The answer to a question in words."""

    status: str
    """``answered``, ``ambiguous`` or ``unsupported``."""
    explanation: str
    """What was understood, or why nothing was."""
    query: dict[str, Any] | None
    """The typed query that the question became."""
    table: Table | None
    """The result, where it has rows: figures, a forecast, judged steps, cohorts, steps of a funnel, links."""
    result: Any
    """The result as the server told it."""
    suggestions: list[dict[str, Any]] = field(default_factory=list)
    """Other readings, each with its query."""
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    """All that the server said."""


@dataclass(frozen=True)
class Forecast:
    """What a metric will be."""

    history: Table
    """``time`` and ``value`` of what was measured, and the group where it was divided."""
    forecast: Table
    """``step``, ``timestamp``, ``mean`` and ``lo80``, ``hi80``, … for each level, and the group."""
    model: dict[str, Any]
    """Who was believed how much."""
    query: dict[str, Any]
    """What was asked, with what was left out filled in."""

    def plot(self, *, last: int | None = None, ax: Axes | None = None) -> Axes:
        """Draws the end of the history and the forecast."""
        from opentrace import plots

        return plots.forecast(self.history, self.forecast, last=last, ax=ax)


@dataclass(frozen=True)
class Anomalies:
    """When a metric was unlike what it was before."""

    points: Table
    """``timestamp``, ``value``, ``score``, ``expected``, ``lower``, ``upper``, ``kind``, ``reason``,
    ``is_anomaly``."""
    explained: dict[str, list[dict[str, Any]]]
    """By time: the slices that explain an anomaly."""
    model: dict[str, Any]
    query: dict[str, Any]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draws the metric with the band that was expected and the anomalies."""
        from opentrace import plots

        return plots.anomalies(self.points, ax=ax)


@dataclass(frozen=True)
class Insights:
    """What changed against the time before, the most telling first."""

    changes: Table
    """``kind`` (``metric``, or ``group`` of the traffic), ``metric``, ``dimension`` and ``group`` of a group,
    ``before``, ``after``, ``change`` in percent, ``significant``, ``p``, ``sentence``."""
    raw: list[dict[str, Any]]
    """The same as the server told it, with the evidence, the causes and the query behind each."""
    query: dict[str, Any]
    """What was asked: both stretches of time, the metrics and filters."""


def table(answer: Mapping[str, Any]) -> Table:
    """The table of a query's answer: a column per dimension and metric, named as they were asked for."""
    query, rows = answer["query"], answer["results"]
    columns: dict[str, Any] = {}
    for at, dimension in enumerate(_names(query.get("dimensions", []))):
        labels = [row["dimensions"][at] for row in rows]
        columns[dimension] = times(labels) if dimension.startswith("time") else labels
    metrics = _names(query["metrics"])
    info = {"meta": answer.get("meta", {}), "query": query}
    for at, metric in enumerate(metrics):
        columns[metric] = [_number(row["metrics"][at], info) for row in rows]
    if any("comparison" in row for row in rows):
        for at, metric in enumerate(metrics):
            before = [row.get("comparison") or {} for row in rows]
            columns[f"{metric}:before"] = [_number(_part(one, "metrics", at), info) for one in before]
            columns[f"{metric}:change"] = [_part(one, "change", at) for one in before]
    return Table(columns, info=info)


def forecast(answer: Mapping[str, Any]) -> Forecast:
    """The answer of the route for forecasts."""
    query = dict(answer.get("query", {}))
    groups = answer.get("breakdown")
    names = [str(name) for name in query.get("dimensions", [])] if groups else []
    parts = [(part["dimensions"], part) for part in groups] if groups else [([], answer)]
    past: list[Mapping[str, Any]] = []
    ahead: list[Mapping[str, Any]] = []
    for group, part in parts:
        of = dict(zip(names, group, strict=True))
        past += [of | {"timestamp": one["time"], "value": one["value"]} for one in part["history"]]
        for step, one in enumerate(part["forecast"], start=1):
            bands = {}
            for band in one["intervals"]:
                bands[f"lo{band['level']:g}"], bands[f"hi{band['level']:g}"] = band["lower"], band["upper"]
            ahead.append(of | {"step": step, "timestamp": one["time"], "mean": float(one["mean"])} | bands)
    model = dict(answer.get("model") or {})
    return Forecast(_timed(past), _timed(ahead), model, query)


def anomalies(answer: Mapping[str, Any]) -> Anomalies:
    """The answer of the route for anomalies."""
    points = answer["points"]
    names = ["value", "score", "expected", "lower", "upper", "kind", "reason"]
    columns: dict[str, Any] = {"timestamp": times([one["time"] for one in points])}
    columns |= {name: [one.get(name) for one in points] for name in names}
    columns["is_anomaly"] = np.array([bool(one.get("anomaly")) for one in points])
    explained = {one["time"]: one["explained_by"] for one in points if one.get("explained_by")}
    return Anomalies(Table(columns), explained, dict(answer.get("model", {})), dict(answer.get("query", {})))


def insights(answer: Mapping[str, Any]) -> Insights:
    """The answer of the route for insights."""
    found = [dict(one) for one in answer["insights"]]
    names = ["kind", "metric", "dimension", "group", "before", "after", "change", "significant", "p", "sentence"]
    rows = []
    for one in found:
        dimension, group = one.get("group") or (None, None)
        evidence = one.get("evidence") or {}
        rows.append(one | {"dimension": dimension, "group": group, "p": evidence.get("p")})
    columns = {name: [row.get(name) for row in rows] for name in names}
    return Insights(Table(columns), found, dict(answer.get("query", {})))


def told(answer: Mapping[str, Any]) -> Answer:
    """The answer to a question in words."""
    result = answer.get("result")
    return Answer(
        status=str(answer["status"]),
        explanation=str(answer.get("explanation", "")),
        query=answer.get("query"),
        table=_rows_of(result, answer.get("query")) if isinstance(result, Mapping) else None,
        result=result,
        suggestions=list(answer.get("suggestions") or []),
        raw=dict(answer),
    )


def _rows_of(result: Mapping[str, Any], query: Mapping[str, Any] | None) -> Table | None:
    """The rows of a result, whatever it is the result of."""
    if "results" in result and "query" in result:
        return table(result)
    if "forecast" in result:
        return forecast({"query": query or {}, **result}).forecast
    if "points" in result:
        return anomalies(result).points
    for name in ("cohorts", "steps", "links", "causes"):
        if name in result:
            return Table.of_rows(result[name])
    return None


def times(labels: Sequence[Any]) -> Any:
    """Labels of steps of time as dates, if all of them are."""
    try:
        return np.array([label.replace(" ", "T") for label in labels], dtype="datetime64[ms]")
    except (AttributeError, ValueError):
        return list(labels)


def _timed(rows: list[Mapping[str, Any]]) -> Table:
    made = Table.of_rows(rows)
    columns: dict[str, Any] = {name: made[name] for name in made.columns}
    if "timestamp" in columns:
        columns["timestamp"] = times(columns["timestamp"].tolist())
    return Table(columns)


def _names(asked: Sequence[Any]) -> list[str]:
    return [one if isinstance(one, str) else str(one.get("name", one)) for one in asked]


def _number(value: Any, info: dict[str, Any]) -> Any:
    if isinstance(value, Mapping):
        info["currency"] = value.get("currency")
        return value.get("value")
    return value


def _part(of: Mapping[str, Any], name: str, at: int) -> Any:
    parts = of.get(name)
    return parts[at] if parts else None
