"""The client against the program itself, and against a server that behaves badly on purpose."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from conftest import Program
from opentrace import Client
from opentrace.client import Rejected
from opentrace.errors import ApiError, AuthError, ConnectionFailedError, DataWarning, NotFoundError, RateLimitError

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def visit(client: Client, people: int, page: str = "/", **more: Any) -> None:
    for person in range(people):
        client.track("pageview", url=f"https://x.example{page}", ip=f"198.51.100.{person}", user_agent=AGENT, **more)
    client.flush(timeout=30)


def until(what: Any, seconds: float = 20) -> Any:
    """What a question answers, once it answers something."""
    end = time.monotonic() + seconds
    while True:
        if answer := what():
            return answer
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def seen(client: Client) -> int:
    return int(client.query(["events"], "day")["events"][0])


def test_events_arrive_once_and_are_asked_about(client: Client, tmp_path: Path) -> None:
    visit(client, 3, "/pricing")
    visit(client, 2, "/")
    client.track("purchase", url="https://x.example/thanks", ip="198.51.100.1", user_agent=AGENT, revenue=(19.9, "EUR"),
                 props={"plan": "pro", "trial": False})  # fmt: skip
    client.flush(timeout=30)
    until(lambda: seen(client) == 6)
    pages = client.query(["visitors", "pageviews"], "day", dimensions=["event:page"], order_by=[["pageviews", "desc"]])
    assert pages.columns == ["event:page", "visitors", "pageviews"]
    assert pages["event:page"].tolist()[:2] == ["/pricing", "/"]
    assert pages.to_pandas()["pageviews"].tolist()[:2] == [3, 2]
    assert pages.to_polars()["visitors"].to_list()[:2] == [3, 2]
    assert pages.to_arrow().num_rows == len(pages)
    by_day = client.query(["visitors"], "7d", dimensions=["time:day"])
    assert by_day["time:day"].dtype.kind == "M"
    compared = client.query(["visitors"], "day", compare="previous_period")
    assert compared.columns == ["visitors", "visitors:before", "visitors:change"]
    plans = client.query(
        ["events"], "day", dimensions=["event:props:trial"], filters=[["is", "event:name", ["purchase"]]]
    )
    assert plans["event:props:trial"].tolist() == ["false"]

    answer = client.ask("how many visitors today")
    assert answer.status == "answered"
    assert answer.table is not None
    assert answer.table["visitors"].tolist() == [3]
    assert client.ask("and by page?", context=answer).status == "answered"
    assert client.ask("how are you feeling").status == "unsupported"

    exported = pq.read_table(client.export(tmp_path / "events.parquet"))
    assert exported.num_rows == 6
    assert client.events(limit=4).num_rows == 4
    assert not list(tmp_path.glob("*.part"))
    assert pl.read_csv(client.export(tmp_path / "events.csv")).height == 6


def test_what_is_sent_twice_counts_once(client: Client) -> None:
    events = [
        {"id": "0192aaaa-0000-7000-8000-000000000001", "name": "x", "url": "https://x.example/", "ip": "198.51.100.9"}
    ]
    for _ in range(2):
        client._http.post("/api/v1/events", events)
    until(lambda: seen(client) == 1)


def test_rejected_events_are_told(program: Program, client: Client) -> None:
    refused: list[Rejected] = []
    key = client._http._headers["Authorization"].removeprefix("Bearer ")
    with Client(program.url, key, site=client.site, on_rejected=refused.append) as other:
        other.track("too old", at=datetime.now(UTC) - timedelta(days=400), url="https://x.example/")
        other.track("good", url="https://x.example/")
        other.flush(timeout=30)
    assert [(one.event["name"], one.code) for one in refused] == [("too old", "too_old")]


def test_refusals_have_types(program: Program, client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.query(["visitor"])
    assert caught.value.status == 400
    assert caught.value.code
    assert "visitors" in str(caught.value)
    with pytest.raises((NotFoundError, AuthError)):
        client.query(["visitors"], site="unknown.example")
    stranger = Client(program.url, "ot_wrong", site=client.site)
    with pytest.raises(AuthError):
        stranger.query(["visitors"])
    stranger.track("x")
    with pytest.raises(AuthError):
        stranger.flush(timeout=30)
    stranger.close()
    with pytest.raises(RuntimeError, match="closed"):
        stranger.track("x")
    with pytest.raises(ValueError, match="which site"):
        Client(program.url).query(["visitors"])
    with pytest.raises(ConnectionFailedError):
        Client("http://127.0.0.1:9", "k", site="x", retries=0).query(["visitors"])


def test_reports(client: Client) -> None:
    visit(client, 2, "/")
    until(lambda: seen(client) == 2)
    steps = [{"event": "pageview"}]
    assert client.report("funnel", date_range="day", steps=steps)["steps"][0]["visitors"] == 2
    assert "links" in client.report("journeys", date_range="day", depth=2, limit=5)


def test_alerts_come_as_they_happen_and_go_on_where_they_broke(program: Program, client: Client) -> None:
    body = {
        "site_id": client.site,
        "name": "Signup",
        "condition": {"type": "event", "event": "signup"},
    }
    program.call("/api/v1/alerts", body)
    stream, came = client.alerts(), []
    listener = threading.Thread(target=lambda: came.extend(next(stream) for _ in range(1)))
    listener.start()
    time.sleep(0.5)
    client.track("signup", url="https://x.example/", ip="198.51.100.1", user_agent=AGENT)
    client.flush(timeout=30)
    listener.join(timeout=20)
    assert [alert.type for alert in came] == ["alert.firing"]
    assert came[0].site == client.site
    assert came[0].data["name"] == "Signup"
    again = next(client.alerts(last_event_id=int(came[0].id) - 1))
    assert again.data == came[0].data


class Bad(BaseHTTPRequestHandler):
    """Answers as a list of statuses and bodies says, the last one for ever."""

    script: ClassVar[list[tuple[int, Any, dict[str, str]]]] = []
    asked: ClassVar[list[tuple[str, str, Any]]] = []

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        packed = self.headers["Content-Type"] != "application/json"
        Bad.asked.append(("POST", self.path, data if packed else json.loads(data)))
        self._say()

    def do_GET(self) -> None:
        Bad.asked.append(("GET", self.path, self.headers.get("Last-Event-ID")))
        self._say()

    def do_DELETE(self) -> None:
        Bad.asked.append(("DELETE", self.path, None))
        self._say()

    def _say(self) -> None:
        status, body, headers = Bad.script.pop(0) if len(Bad.script) > 1 else Bad.script[0]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if status == 0:
            self.connection.close()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def bad() -> Iterator[str]:
    Bad.script, Bad.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bad)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_events_are_sent_again_with_the_same_ids_until_they_are_taken(bad: str) -> None:
    busy = {"error": {"code": "overloaded", "message": "later"}}
    taken = {"accepted": 2, "duplicates": 0, "rejected": []}
    Bad.script = [(503, busy, {"Retry-After": "0"}), (0, b"", {}), (202, taken, {})]
    with Client(bad, "k", site="x.example") as client:
        ids = [client.track("a"), client.track("b")]
        client.flush(timeout=30)
    assert len(Bad.asked) == 3
    assert [[event["id"] for event in body] for _, _, body in Bad.asked] == [ids] * 3


def test_waiting_events_are_told_when_nobody_takes_them(bad: str) -> None:
    Bad.script = [(503, {"error": {"code": "overloaded", "message": "later"}}, {"Retry-After": "0"})]
    client = Client(bad, "k", site="x.example", retries=0)
    client.track("a")
    with pytest.raises(ConnectionFailedError, match="1 events still wait"):
        client.flush(timeout=1.5)
    client.close()


def test_a_server_that_is_busy_for_good_is_an_error(bad: str) -> None:
    Bad.script = [(429, {"error": {"code": "rate_limited", "message": "slowly"}}, {"Retry-After": "0"})]
    with pytest.raises(RateLimitError, match="slowly"):
        Client(bad, "k", site="x", retries=2).query(["visitors"])
    assert len(Bad.asked) == 3


def test_the_stream_goes_on_after_what_was_read(bad: str) -> None:
    def step(number: int) -> bytes:
        return f'id: {number}\nevent: alert.firing\ndata: {{"id": {number}, "type": "alert.firing"}}\n\n'.encode()

    kind = {"Content-Type": "text/event-stream"}
    Bad.script = [
        (200, {"history": [{"id": 4}]}, {}),
        (200, b": hello\r\n\r\n" + step(5) + step(6)[:20], kind),
        (503, {"error": {"code": "away", "message": "away"}}, {}),
        (200, step(6), kind),
    ]
    stream = Client(bad, "k", site="x.example").alerts()
    assert [next(stream).id for _ in range(2)] == ["5", "6"]
    asked = [last for _, path, last in Bad.asked if "stream" in path]
    assert asked == ["4", "5", "5"]


def test_forecasts_and_anomalies_are_tables(bad: str) -> None:
    bands = [{"level": 80, "lower": 9, "upper": 11}]
    part = {
        "history": [{"time": "2026-01-01", "value": 10}, {"time": "2026-01-02", "value": None}],
        "forecast": [{"time": "2026-01-03", "mean": 10, "intervals": bands}],
    }
    divided = [{"dimensions": ["DE"]} | part, {"dimensions": ["FR"]} | part]
    whole = part | {"model": {"weights": {"theta": 1.0}}, "query": {"dimensions": ["visit:country"]}}
    Bad.script = [(200, whole | {"query": {}}, {}), (200, whole | {"breakdown": divided}, {})]
    client = Client(bad, "k", site="x.example")
    forecast = client.forecast("visitors", horizon=1, events={"sale": ["2026-01-03"]})
    assert forecast.forecast.columns == ["step", "timestamp", "mean", "lo80", "hi80"]
    assert forecast.history["timestamp"].dtype.kind == "M"
    assert forecast.model == {"weights": {"theta": 1.0}}
    assert len(forecast.plot().lines) == 2
    assert Bad.asked[0][2]["events"] == [{"name": "sale", "dates": ["2026-01-03"]}]
    divided_forecast = client.forecast("visitors", dimensions=["visit:country"])
    assert divided_forecast.forecast["visit:country"].tolist() == ["DE", "FR"]
    point = {"time": "2026-01-01 10:00:00", "value": 9, "score": 0.98, "expected": 4, "lower": 2, "upper": 6}
    point |= {"kind": "spike", "reason": "far", "anomaly": True, "explained_by": [{"share": 1.0}]}
    Bad.script = [(200, {"points": [point], "model": {}, "query": {}}, {})]
    found = client.anomalies("visitors")
    assert found.points["is_anomaly"].tolist() == [True]
    assert found.points["timestamp"][0] == np.datetime64("2026-01-01T10:00")
    assert list(found.explained) == ["2026-01-01 10:00:00"]
    assert found.plot().lines


def test_models_are_pushed_as_the_folder_they_are(bad: str) -> None:
    import io
    import tarfile

    from conftest import customers
    from opentrace.errors import ConflictError
    from opentrace.models import Churn

    known = customers(300)
    model = Churn().fit(known, "churned")
    said = {"id": "0192", "name": "churn", "kind": "churn", "version": 2}
    worse = {"error": {"code": "not_better", "message": "version 2 is not better"}}
    Bad.script = [(201, said, {}), (409, worse, {}), (200, {"candidate": None, "live": None}, {})]
    registry = Client(bad, "k", site="x.example").models
    version = registry.push(model, "churn", days=14, dimensions=["visit:source", "visit:country"])
    with tarfile.open(fileobj=io.BytesIO(Bad.asked[0][2])) as archive:
        assert archive.getnames() == ["model.json", "model.safetensors"]
        manifest = json.load(archive.extractfile("model.json"))  # type: ignore[arg-type]
    about = "site_id=x.example&name=churn&days=14&dimensions=visit%3Asource%2Cvisit%3Acountry"
    assert (manifest["kind"], Bad.asked[0][1]) == ("churn", f"/api/v1/models?{about}")
    with pytest.raises(ConflictError, match="not better"):
        registry.promote(version)
    assert registry.promote(version, force=True).live is None
    assert Bad.asked[-1][1:] == ("/api/v1/models/0192/promote", {"version": 2, "force": True})
    Bad.script = [(200, {"predictions": [{"prediction": 0.5}] * 150}, {})]
    assert registry.predict(version, known[:150])["prediction"].tolist() == [0.5] * 150
    assert Bad.asked[-1][2]["rows"][0]["plan"] == known["plan"][0]
    listed = {"id": "0192", "name": "churn", "kind": "churn", "versions": 2, "live": {"version": 1}}
    Bad.script = [(200, {"models": [listed]}, {})]
    assert registry.list()["live"].tolist() == [1]
    assert registry.find("churn") == "0192"


def test_the_server_trains_and_tells_how_it_goes(bad: str) -> None:
    told = b'event: progress\ndata: {"state": "running", "done": 0.5}\n\nevent: progress\ndata: {"state": "done"}\n\n'
    known = [{"version": 1, "stage": "live", "rows": 90, "seed": 1, "metrics": {"auc": 0.8}}]
    Bad.script = [
        (202, {"id": "0193", "name": "churn", "kind": "churn", "training": 1}, {}),
        (200, told, {"Content-Type": "text/event-stream"}),
        (200, {"versions": known, "trainings": []}, {}),
        (204, b"", {}),
    ]
    registry = Client(bad, "k", site="x.example").models
    model = registry.train("churn", days=30, every="7d")
    assert Bad.asked[0][2] == {"site_id": "x.example", "kind": "churn", "days": 30, "every": "7d"}
    assert [step["state"] for step in registry.progress(model)] == ["running", "done"]
    assert registry.versions(model)["auc"].tolist() == [0.8]
    registry.delete(model)
    assert [asked[:2] for asked in Bad.asked[1:]] == [
        ("GET", "/api/v1/models/0193/progress"),
        ("GET", "/api/v1/models/0193/versions"),
        ("DELETE", "/api/v1/models/0193"),
    ]


def test_exports_go_on_until_there_is_no_page_left(bad: str, tmp_path: Path) -> None:
    import pyarrow as pa

    def page(ids: list[int]) -> bytes:
        table, sink = pa.table({"id": ids}), pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    client = Client(bad, "k", site="x.example")
    arrow = [(200, page([1, 2]), {"X-Next-Cursor": "abc"}), (200, page([3]), {})]
    Bad.script = list(arrow)
    assert client.events()["id"].to_pylist() == [1, 2, 3]
    assert [("cursor=abc" in path) for _, path, _ in Bad.asked] == [False, True]
    Bad.script = list(arrow)
    assert pq.read_table(client.export(tmp_path / "all.parquet"))["id"].to_pylist() == [1, 2, 3]
    Bad.script = [(200, b"id,name\n1,a\n", {"X-Next-Cursor": "abc"}), (200, b"id,name\n2,b\n", {})]
    assert client.export(tmp_path / "all.csv").read_text() == "id,name\n1,a\n2,b\n"
    Bad.script, Bad.asked = list(arrow), []
    assert client.events(limit=2).num_rows == 2
    assert len(Bad.asked) == 1
    Bad.script = [(200, page([1]), {"X-Next-Cursor": "abc"}), (503, {"error": {"code": "away", "message": "away"}}, {})]
    with pytest.raises(ApiError):
        client.export(tmp_path / "broken.arrows")
    assert not list(tmp_path.glob("broken*"))


def test_an_answer_that_was_cut_is_told(bad: str) -> None:
    rows = [{"metrics": [1], "dimensions": ["/a"]}, {"metrics": [1], "dimensions": ["/b"]}]
    query = {"metrics": ["visitors"], "dimensions": ["event:page"], "pagination": {"limit": 2, "offset": 0}}
    Bad.script = [(200, {"results": rows, "meta": {}, "query": query}, {})]
    client = Client(bad, "k", site="x.example")
    with pytest.warns(DataWarning, match="first 2 rows"):
        client.query(["visitors"], dimensions=["event:page"])
    assert len(client.query(["visitors"], dimensions=["event:page"], pagination={"limit": 2})) == 2
