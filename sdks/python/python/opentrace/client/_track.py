"""Events on their way to the server: collected, sent in batches by a thread, repeated until they are taken."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opentrace.client._http import Http
from opentrace.errors import ApiError, ConnectionFailedError, OpenTraceError

log = logging.getLogger("opentrace")

_BATCH = 500
_WAIT = 1.0
_MOST_WAITING = 100_000
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Rejected:
    """An event that the server did not take, and why."""

    event: dict[str, Any]
    code: str
    message: str


class Tracker:
    """A bounded queue of events and the thread that sends them.

    Every event gets its id when it is tracked, so that sending it again does not count it twice.
    """

    def __init__(self, http: Http, site: str | None, on_rejected: Callable[[Rejected], None] | None) -> None:
        self._http = http
        self._site = site
        self._on_rejected = on_rejected
        self._waiting: deque[dict[str, Any]] = deque()
        self._sending = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._flushing = False
        self._trouble: OpenTraceError | None = None
        """Why events wait."""
        self._refusal: OpenTraceError | None = None
        """Why events were given up; told by the next flush."""

    def add(self, name: str, fields: Mapping[str, Any], at: datetime | None) -> str:
        """Puts an event into the queue; answers its id."""
        event = {"id": str(uuid.uuid4()), "name": name, "ts": _stamp(at)}
        if self._site is not None:
            event["site"] = self._site
        event |= {field: value for field, value in fields.items() if value is not None}
        with self._changed:
            if self._closed:
                raise RuntimeError("the client is closed")
            if len(self._waiting) >= _MOST_WAITING:
                raise OverflowError(f"{_MOST_WAITING} events wait for a server that does not take them")
            self._waiting.append(event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="opentrace-track", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify_all()
        return str(event["id"])

    def flush(self, timeout: float | None = None) -> None:
        """Waits until everything tracked so far was answered.

        Raises
        ------
        OpenTraceError
            What the server or the connection said, if events still wait after `timeout` seconds or were
            refused as a whole (a wrong key, for instance).
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            while self._waiting or self._sending:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    waiting = len(self._waiting) + self._sending
                    raise ConnectionFailedError(f"{waiting} events still wait") from self._trouble
                self._changed.wait(left)
            refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise refusal

    def close(self, timeout: float = 10.0) -> None:
        """Sends what waits and ends the thread."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
            atexit.unregister(self.close)
            left = len(self._waiting) + self._sending
            if left:
                log.error("%d events were not sent: %s", left, self._refusal or self._trouble)

    def _run(self) -> None:
        while True:
            batch = self._take()
            if batch is None:
                return
            self._send(batch)
            with self._changed:
                self._sending = 0
                self._flushing = self._flushing and bool(self._waiting)
                self._changed.notify_all()

    def _take(self) -> list[dict[str, Any]] | None:
        """The next batch, once it is full or has waited a moment; none when all is over."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            until = time.monotonic() + _WAIT
            while len(self._waiting) < _BATCH and not self._closed and not self._flushing:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._sending = len(batch)
            return batch

    def _send(self, batch: list[dict[str, Any]]) -> None:
        """Sends a batch until it is taken or refused. While the client is open, it does not give up."""
        attempt = 0
        while True:
            try:
                answer = self._http.post("/api/v1/events", batch)
            except (ApiError, ConnectionFailedError) as error:
                gone = isinstance(error, ApiError) and error.status not in {429, 502, 503, 504}
                if gone or self._closed:
                    self._refusal = error
                    log.error("%d events were not taken: %s", len(batch), error)
                    return
                self._trouble = error
                log.warning("%d events wait: %s", len(batch), error)
                attempt += 1
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, min(2.0**attempt, _LONGEST_PAUSE))
                continue
            self._trouble = None
            for one in answer.get("rejected", []):
                self._refused(Rejected(batch[one["index"]], str(one["code"]), str(one["message"])))
            return

    def _refused(self, rejected: Rejected) -> None:
        if self._on_rejected is None:
            log.warning("event `%s` was rejected: %s (%s)", rejected.event["name"], rejected.message, rejected.code)
            return
        try:
            self._on_rejected(rejected)
        except Exception:
            # What a caller's function does must not stop the events behind it.
            log.exception("`on_rejected` failed")


def _stamp(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
