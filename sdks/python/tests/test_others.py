"""Segments, recommendations, customers' value, experiments, tables."""

from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from opentrace import Table, experiment, models
from opentrace.errors import OutOfRangeError, ShapeError, TooFewError
from opentrace.models import Lifetime, Recommender, Segments


def people(seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    kinds = random.choice(3, 600, p=[0.5, 0.3, 0.2])
    return pd.DataFrame(
        {
            "visits": random.normal(np.array([2, 20, 8])[kinds], 1),
            "revenue": random.normal(np.array([0, 15, 90])[kinds], 4),
            "source": np.array(["search", "newsletter", "direct"])[kinds],
        }
    )


def test_segments_are_found_named_and_keep_their_ids(program_path: Path, tmp_path: Path) -> None:
    table = people()
    model = Segments(seed=3).fit(table)
    assert len(model.segments_) == 3
    assert model.silhouette_ > 0.5
    assert sum(one.share for one in model.segments_) == pytest.approx(1.0)
    assert model.labels_.tolist() == model.predict(table).tolist() == model.fit_predict(table).tolist()
    folder = model.save(tmp_path / "model")
    table.to_csv(tmp_path / "in.csv", index=False)
    command = [program_path, "predict", "--model", folder, "--input", tmp_path / "in.csv", "-o", tmp_path / "out.csv"]
    subprocess.run(command, check=True)
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == model.labels_.tolist()
    again = Segments(seed=5).fit(people(seed=2), before=model)
    names = {one.id: one.name.split(" ")[0] for one in model.segments_}
    assert {one.id: one.name.split(" ")[0] for one in again.segments_}.keys() == names.keys()
    described = model.describe()
    assert described.columns[:3] == ["id", "name", "share"]
    assert described.shape[0] == 3
    assert isinstance(models.load(folder), Segments)
    assert pickle.loads(pickle.dumps(model)).predict(table).tolist() == model.labels_.tolist()
    assert len(model.plot().get_yticks()) == 3
    assert len(Segments("density").fit(table).segments_) >= 2
    with pytest.raises(ValueError, match="method"):
        Segments("other").fit(table)  # type: ignore[arg-type]


def test_items_that_go_together_are_recommended(tmp_path: Path) -> None:
    pairs = pl.DataFrame(
        {
            "user": [user for user in range(40) for _ in range(2)],
            "item": [item for user in range(40) for item in (("tea", "cup") if user % 2 else ("nail", "saw"))],
        }
    )
    model = Recommender().fit(pairs)
    assert model.recommend(["tea"], k=1)[0][0] == "cup"
    assert model.recommend(["unheard of"], k=4)
    best = model.predict({"user": ["ann", "bob"], "item": ["saw", "cup"]}, k=1)
    assert best["item"].tolist() == ["nail", "tea"]
    assert model.score(pairs, k=1) == 1.0
    read = Recommender.load(model.save(tmp_path / "model"))
    assert read.recommend(["tea"], k=1)[0][0] == "cup"
    with pytest.raises(TooFewError):
        Recommender().fit({"user": [], "item": []})


def test_lifetimes_are_as_published(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    rows = []
    for customer in range(400):
        rate, leaves, spend = random.gamma(1.5, 0.02), random.beta(1, 4), random.gamma(6, 5)
        day = float(random.integers(0, 60))
        while day < 365:
            rows.append((customer, np.datetime64("2025-01-01") + int(day), spend * random.gamma(10, 0.1)))
            day += 1 + random.exponential(1 / rate)
            if random.random() < leaves:
                break
    orders = pd.DataFrame(rows, columns=["customer", "time", "value"])
    table = Lifetime.customers(orders[orders["time"] < "2025-09-01"], until="2025-09-01")
    model = Lifetime(ahead=120).fit(table)
    expected = model.forecast(table)["purchases"].sum()
    known = orders["customer"].isin(table["customer"])
    came = orders[(orders["time"] >= "2025-09-01") & known & (orders["time"] < "2025-12-30")]
    assert expected == pytest.approx(len(came), rel=0.25)
    assert set(model.params_) == {"r", "alpha", "a", "b", "p", "q", "v"}
    read = Lifetime.load(model.save(tmp_path / "model"))
    read.ahead = 120
    np.testing.assert_allclose(read.predict(table), model.predict(table))
    with pytest.raises(OutOfRangeError):
        model.forecast(table, ahead=-1)
    first = table.to_pandas().iloc[0]
    mine = orders[(orders["customer"] == first["customer"]) & (orders["time"] < "2025-09-01")]
    assert first["repeats"] == mine["time"].nunique() - 1


def test_experiments() -> None:
    random = np.random.default_rng(2)
    before = [random.gamma(2, 10, 4000) for _ in range(2)]
    during = [before[0] + random.normal(0, 3, 4000), before[1] + 1 + random.normal(0, 3, 4000)]
    plain = experiment.welch(experiment.Arm(during[0]), experiment.Arm(during[1]))
    control, variant = experiment.cuped((during[0], before[0]), (during[1], before[1]))
    quiet = experiment.welch(control, variant)
    assert quiet.error < plain.error / 3
    assert quiet.interval[0] < 1 < quiet.interval[1]
    assert experiment.bayes(control, variant, prior=(0, 1)).chance_to_win > 0.999
    looks = experiment.sequential(control, variant)
    assert looks.interval[0] < quiet.interval[0]
    assert experiment.proportions((1000, 100), (1000, 140)).p < 0.01
    assert experiment.mismatch([5000, 5400]).broken
    assert not experiment.mismatch([9000, 1000], [90, 10]).broken
    assert experiment.holm([0.01, 0.04]) == [0.02, 0.04]
    assert experiment.benjamini_hochberg([0.01, 0.04]) == [0.02, 0.04]
    assert (
        experiment.welch(experiment.Arm.ratio(during[0], before[0]), experiment.Arm.ratio(during[1], before[1])).p < 1
    )
    assert "estimate" in repr(quiet)
    with pytest.raises(ShapeError):
        experiment.cuped((during[0], before[0][:10]), (during[1], before[1]))


def test_tables_go_to_every_library(tmp_path: Path) -> None:
    mean = np.array([1.5, np.nan, 3.0])
    table = Table({"at": np.array(["2026-01-01", "2026-01-02", "2026-01-03"], dtype="datetime64[ms]"), "mean": mean})
    table = Table({name: table[name] for name in table.columns} | {"kind": [None, "spike", None], "n": [1, 2, 3]})
    assert table["mean"] is mean
    assert np.shares_memory(table.to_pandas()["mean"].to_numpy(), mean)
    assert table.to_pandas()["at"].dt.day.tolist() == [1, 2, 3]
    assert table.to_polars().schema == {"at": pl.Datetime("ms"), "mean": pl.Float64, "kind": pl.String, "n": pl.Int64}
    assert table.to_arrow().schema.field("kind").type == pa.string()
    assert pl.DataFrame(table).shape == (3, 4)
    assert pl.read_parquet(table.to_parquet(tmp_path / "t.parquet"))["n"].to_list() == [1, 2, 3]
    assert len(table) == 3
    assert "n" in table
    assert list(table.rows())[1]["kind"] == "spike"
    assert "2026-01-01 00:00:00" in repr(table)
    assert "<th>kind</th>" in table._repr_html_()
    assert table.to_numpy().shape == (3, 2)
    with pytest.raises(ValueError, match="different lengths"):
        Table({"a": [1], "b": [1, 2]})


def test_numbers_are_read_where_they_lie() -> None:
    from opentrace import _columns

    lying = np.arange(1000.0)
    pandas, polars = pd.Series(lying, copy=False), pl.Series(lying)
    arrow = pa.chunked_array([pa.array(lying)])
    assert np.shares_memory(_columns.numbers(lying), lying)
    assert np.shares_memory(_columns.numbers(pandas), pandas.to_numpy())
    assert np.shares_memory(_columns.numbers(polars), polars.to_numpy())
    assert np.shares_memory(_columns.numbers(arrow), arrow.chunk(0).to_numpy())
    assert _columns.numbers(pd.Series([1, None], dtype="Int64")).tolist()[0] == 1.0
    codes, words = _columns.coded(["a", None, "b", float("nan"), "a", pd.NA])
    assert (codes.tolist(), words) == ([0, -1, 1, -1, 0, -1], ["a", "b"])
