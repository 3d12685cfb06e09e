"""Models and reports of a running server: figures that it learns from, models that go there and into use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from conftest import Program
from opentrace import Client
from opentrace.errors import ApiError, ConflictError, NotFoundError
from opentrace.models import Churn, Forecaster, Model, Recommender, Segments, Value

DAYS = 7


@pytest.fixture(scope="module")
def shop(program: Program) -> Iterator[Client]:
    """Four weeks of 240 people: two of three come every other day and buy, the others stopped after some days. A few
    came yesterday from one newspaper, all at once."""
    site = "shop-of-python.example"
    program.call("/api/v1/sites", {"domain": site, "timezone": "UTC", "identified": True})
    key = program.call("/api/v1/keys", {"name": "shop", "site": site, "scopes": ["collect", "read", "write"]})["key"]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with Client(program.url, key, site=site) as client:
        sent = 0

        def come(person: str, at: datetime, pages: list[str], source: str) -> None:
            nonlocal sent
            for page in pages:
                at += timedelta(minutes=1)
                url = f"https://{site}{page}?utm_source={source}"
                revenue = (12.5, "USD") if page == "/thanks" else None
                name = "purchase" if revenue else "pageview"
                client.track(name, user_id=person, url=url, at=at, revenue=revenue)
                sent += 1

        for person in range(240):
            stays = person % 3 != 0
            first, last = (28, 1) if stays else (25 - person % 9, 9 - person % 4)
            for ago in range(last + person % 2, first, 2):
                pages = ["/tea", "/cup", "/thanks"] if stays else ["/nail", "/saw"]
                at = today - timedelta(days=ago) + timedelta(hours=8 + person % 11)
                come(f"p{person}", at, pages, "letter" if stays else "ads")
        for person in range(60):
            come(f"reader {person}", today - timedelta(hours=12), ["/tea"], "news")
        client.flush(timeout=30)
        end = time.monotonic() + 30
        while client.query(["events"], "30d")["events"][0] < sent:
            assert time.monotonic() < end, "the events did not arrive"
            time.sleep(0.1)
        yield client


def test_a_forecast_has_its_groups_and_events(shop: Client) -> None:
    forecast = shop.forecast("visitors", horizon=5, levels=[50, 90], dimensions=["visit:source"])
    assert forecast.forecast.columns == ["visit:source", "step", "timestamp", "mean", "lo50", "hi50", "lo90", "hi90"]
    table = forecast.forecast.to_pandas()
    assert set(table["visit:source"]) == {"letter", "ads", "news"}
    assert (table["lo90"] <= table["mean"]).all()
    assert (table["mean"] <= table["hi90"]).all()
    assert forecast.history["timestamp"].dtype.kind == "M"
    hours = shop.forecast("pageviews", granularity="hour", horizon=3, date_range="14d", events={"x": ["2026-01-01"]})
    assert len(hours.forecast.to_polars()) == hours.forecast.to_arrow().num_rows == 3
    with pytest.raises(ApiError) as caught:
        shop.forecast("visitors", horizon=0)
    assert caught.value.field == "horizon"


def test_a_rush_is_an_anomaly_with_its_source_and_an_insight(shop: Client) -> None:
    judged = shop.anomalies("visitors", granularity="hour", date_range="3d")
    found = judged.points.to_pandas().query("is_anomaly")
    rush = f"{datetime.now(UTC).date() - timedelta(days=1)} 12:00:00"
    assert rush in [str(at) for at in found["timestamp"]]
    assert judged.explained[rush][0]["slice"] == {"visit:source": "news"}

    insights = shop.insights("3d", limit=50)
    changes = insights.changes.to_pandas()
    news = changes[changes["group"] == "news"].iloc[0]
    assert (news["kind"], news["dimension"], news["before"], news["after"]) == ("group", "visit:source", 0, 60)
    assert news["significant"]
    assert "news" in news["sentence"]
    assert len(insights.raw) == len(changes)
    with pytest.raises(ApiError, match="nonsense"):
        shop.insights(metrics=["nonsense"])


def test_answers_in_words_are_tables(shop: Client) -> None:
    def table(question: str) -> list[str]:
        answer = shop.ask(question)
        assert answer.status == "answered", answer.explanation
        assert answer.table is not None, answer.result
        return answer.table.columns

    assert table("visitors by source last week") == ["visit:source", "visitors"]
    assert table("forecast visitors for the next week")[:3] == ["step", "timestamp", "mean"]
    assert "is_anomaly" in table("anomalies in visitors over the last 3 days")
    assert table("weekly retention")[:2] == ["cohort", "size"]
    assert "change" in table("why did visitors change in the last 3 days")


def people(client: Client, at: pd.Timestamp) -> pd.DataFrame:
    """A row per person who came within a week before a moment, and whether they stayed away for a week after it."""
    events = client.events().to_pandas()
    known = events[events["ts"] < at].groupby("user_id")
    table = pd.DataFrame(
        {
            "days_since_last": (at - known["ts"].max()) / pd.Timedelta("1D"),
            "purchases": known["name"].agg(lambda name: (name == "purchase").sum()),
            "last_source": known["source"].last(),
        }
    )
    then = events[(events["ts"] >= at) & (events["ts"] < at + pd.Timedelta(days=DAYS))]
    table["left"] = ~table.index.isin(then["user_id"])
    return table[table["days_since_last"] <= DAYS]


def test_a_model_trained_here_is_judged_there_and_goes_into_use(shop: Client) -> None:
    id_ = shop.models.train("churn", name="leaving", days=DAYS, promote=False)
    assert [step["state"] for step in shop.models.progress(id_)][-1] == "done"
    known = people(shop, pd.Timestamp.now("UTC") - pd.Timedelta(days=14))
    guess = known.assign(left=np.arange(len(known)) % 2 == 0)
    worse = shop.models.push(Churn().fit(guess, "left"), "leaving")
    assert (worse.id, worse.version) == (id_, 2)
    assert shop.models.promote(worse).live is None
    good = Churn().fit(people(shop, pd.Timestamp.now("UTC") - pd.Timedelta(days=8)), "left")
    version = shop.models.push(good, "leaving")
    trial = shop.models.promote(version)
    assert trial.candidate is not None
    assert trial.live is not None
    assert trial.candidate > trial.live
    with pytest.raises(ConflictError) as caught:
        shop.models.promote(worse)
    assert caught.value.code == "not_better"
    assert shop.models.versions(id_)["stage"].tolist() == ["candidate", "candidate", "live"]

    said = shop.models.predict(version, known)
    assert np.allclose(said["prediction"], good.predict_proba(known)[:, 1])
    assert said["reasons"][0].count(",") == min(2, len(good.feature_names_in_) - 1)
    top = shop.models.predict(id_, limit=5)
    assert top.columns == ["visitor", "prediction", "reasons"]
    assert (np.diff(top["prediction"]) <= 0).all()
    again = shop.models.predict(id_, visitors=top["visitor"].tolist())
    assert dict(zip(again["visitor"], again["prediction"], strict=True)) == pytest.approx(
        dict(zip(top["visitor"], top["prediction"], strict=True))
    )
    assert set(top["visitor"]) <= set(shop.events()["visitor"].to_pylist())
    risk = shop.query(["visitors"], "30d", dimensions=["user:churn_risk"])
    assert {"low", "medium", "high"} & set(risk["user:churn_risk"])
    shop.models.delete(id_)
    with pytest.raises(NotFoundError):
        shop.models.versions(id_)


def test_every_kind_of_model_travels(shop: Client) -> None:
    events = shop.events().to_pandas()
    table = people(shop, pd.Timestamp.now("UTC"))
    pages = {"user": events["user_id"], "item": events["path"]}
    daily = events.set_index("ts").resample("1D").size().iloc[:-1]
    value = Value().fit(table.assign(spent=table["purchases"] * 12.5 + np.arange(len(table)) % 5), "spent")
    models: dict[str, Model] = {
        "value": value,
        "segments": Segments().fit(table[["days_since_last", "purchases", "last_source"]]),
        "recommend": Recommender().fit(pages),
        "forecast": Forecaster(horizon=3).fit(daily),
    }
    about = {"metric": "events", "granularity": "day", "horizon": 3}
    for kind, model in models.items():
        version = shop.models.push(model, f"my {kind}", **(about if kind == "forecast" else {}))
        assert (version.kind, version.version) == (kind, 1)
        if kind == "forecast":
            # By what it is about it is compared on days that were held out.
            assert shop.models.promote(version).candidate is not None
        else:
            shop.models.promote(version, force=True)
    with pytest.raises(ConflictError) as caught:
        shop.models.push(models["forecast"], "my forecast", metric="visitors")
    assert caught.value.code == "other_options"
    assert shop.models.push(models["forecast"], "my forecast", **about).version == 2
    assert shop.models.list()["kind"].tolist() == list(models)

    ids = shop.models.predict(shop.models.find("my segments"), table)
    assert ids["prediction"].tolist() == models["segments"].predict(table).tolist()
    assert all(ids["name"])
    segments = shop.models.segments()
    assert segments["size"].sum() == 300
    groups = shop.query(["visitors"], "30d", dimensions=["cluster"])
    assert groups["visitors"].sum() == 300

    best = shop.models.recommend(["/tea"], k=2)
    here = models["recommend"].recommend(["/tea"], k=2)  # type: ignore[attr-defined]
    assert list(zip(best["item"], best["score"], strict=True)) == here
    assert shop.models.recommend(visitor=events["visitor"][0]).columns == ["item", "score"]
    with pytest.raises(ApiError, match="recommend"):
        shop.models.predict(shop.models.find("my recommend"), table)
    for name in models:
        shop.models.delete(shop.models.find(f"my {name}"))
    with pytest.raises(NotFoundError):
        shop.models.segments()
