"""Server-sent events, and the alerts that come by them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import urllib3

from opentrace.client._http import Http
from opentrace.errors import ConnectionFailedError, RateLimitError, UnavailableError

_SILENCE = 35.0
"""The server says something every ten seconds; after this long the connection is dead."""
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str | None
    type: str
    data: str


@dataclass(frozen=True)
class Alert:
    """Something that happened to an alert."""

    id: str
    """Where it stands in the stream; give it as `last_event_id` to go on after it."""
    type: str
    """``alert.firing``, ``alert.resolved``, ``alert.acknowledged``, …"""
    site: str | None
    timestamp: str
    data: dict[str, Any]
    """All that the server said."""


def events(response: urllib3.BaseHTTPResponse) -> Iterator[Event]:
    """The events of a response, as they come."""
    name, number = "", None
    data: list[str] = []
    for line in _lines(response):
        if not line:
            if data:
                yield Event(number, name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            number = value


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    rest = b""
    # `read1` gives what is there; `stream` would wait for a whole block.
    while piece := response.read1():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")


def alerts(http: Http, site: str | None, last_event_id: str | int | None) -> Iterator[Alert]:
    """Alerts as they happen, for ever. A connection that breaks is made again and goes on where it broke."""
    last = str(_newest(http, site) if last_event_id is None else last_event_id)
    failures = 0
    while True:
        try:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
            with http.stream("/api/v1/alerts/stream", query={"site_id": site}, headers=headers, silence=_SILENCE) as r:
                failures = 0
                for event in events(r):
                    step = json.loads(event.data)
                    last = event.id or last
                    yield Alert(
                        id=str(step.get("id", last)),
                        type=str(step.get("type", event.type)),
                        site=step.get("site_id"),
                        timestamp=str(step.get("timestamp", "")),
                        data=step,
                    )
        except (ConnectionFailedError, RateLimitError, UnavailableError):
            failures += 1
        time.sleep(min(0.2 * 2**failures * (0.5 + random.random()), _LONGEST_PAUSE))


def _newest(http: Http, site: str | None) -> int:
    """Where the stream is now, so that what happens before the first event comes is not missed."""
    steps = http.get("/api/v1/alerts/history", {"site_id": site, "limit": 1})["history"]
    return int(steps[0]["id"]) if steps else 0
