"""Requests to a server: one pool of connections, retries where repeating is harmless, typed errors."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from opentrace.errors import ConnectionFailedError, api_error

_RETRIED = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 30.0


class Http:
    """One server and one key. Safe to use from several threads."""

    def __init__(self, url: str | None, key: str | None, *, timeout: float, retries: int) -> None:
        self.url = (url or os.environ.get("OPENTRACE_URL") or "http://127.0.0.1:8080").rstrip("/")
        key = key or os.environ.get("OPENTRACE_KEY")
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._timeout = timeout
        self._retries = retries
        self._pool = urllib3.PoolManager(maxsize=8, retries=False)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON at a path."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any, *, repeatable: bool = True) -> Any:
        """What a path answers to a body."""
        return self.call("POST", path, body=body, repeatable=repeatable)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Any:
        """Asks, again where the server was away or busy, and reads the answer.

        What is not `repeatable` is asked once more only if the server said that it did nothing.
        """
        data, sent = _encoded(body)
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._pool.request(
                    method,
                    self._address(path, query),
                    body=data,
                    headers={**self._headers, **sent, **(headers or {})},
                    timeout=self._timeout,
                )
            except HTTPError as error:
                if last or not repeatable:
                    raise ConnectionFailedError(f"{self.url} was not reached: {error}") from error
                _pause(attempt, None)
                continue
            if response.status in _RETRIED and not last and (repeatable or response.status in {429, 503}):
                _pause(attempt, response.headers.get("Retry-After"))
                continue
            return _answer(response)
        raise AssertionError("the last attempt answers or raises")

    @contextmanager
    def stream(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer that is read as it comes; `silence` is how long nothing may come."""
        timeout = urllib3.Timeout(connect=self._timeout, read=silence or self._timeout)
        try:
            response = self._pool.request(
                "GET",
                self._address(path, query),
                headers={**self._headers, **(headers or {})},
                timeout=timeout,
                preload_content=False,
            )
        except HTTPError as error:
            raise ConnectionFailedError(f"{self.url} was not reached: {error}") from error
        try:
            if response.status >= 400:
                _answer(response)
            yield response
        except HTTPError as error:
            raise ConnectionFailedError(f"{self.url} broke off: {error}") from error
        finally:
            response.close()
            response.release_conn()

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _address(self, path: str, query: Mapping[str, Any] | None) -> str:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return self.url + path + (f"?{urlencode(given)}" if given else "")


def _encoded(body: Any) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, bytes):
        return body, {"Content-Type": "application/octet-stream"}
    return json.dumps(body, allow_nan=False).encode(), {"Content-Type": "application/json"}


def _answer(response: urllib3.BaseHTTPResponse) -> Any:
    data = response.data
    try:
        read = json.loads(data) if data else None
    except ValueError:
        read = data.decode("utf-8", "replace")
    if response.status >= 400:
        raise api_error(response.status, read)
    return read


def _pause(attempt: int, retry_after: str | None) -> None:
    """Waits as long as the server says, else longer each time, never all clients at once."""
    try:
        wait = float(retry_after or "")
    except ValueError:
        wait = 0.2 * 2**attempt * (0.5 + random.random())
    time.sleep(min(wait, _LONGEST_PAUSE))
