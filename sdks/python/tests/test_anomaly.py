from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import hours
from opentrace.errors import ColumnError, DataWarning, NotFittedError, OutOfOrderError, OutOfRangeError
from opentrace.models import AnomalyDetector, explain


def strange() -> pd.Series[float]:
    series = hours(28)
    series.iloc[500] = 900
    return series


def test_finds_what_the_command_line_finds(program_path: Path, tmp_path: Path) -> None:
    series = strange()
    found = AnomalyDetector().detect(series)
    pd.DataFrame({"timestamp": series.index, "value": series.to_numpy()}).to_csv(tmp_path / "in.csv", index=False)
    command = [program_path, "detect", "--input", tmp_path / "in.csv", "-o", tmp_path / "out.csv"]
    subprocess.run(command, check=True)
    told = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(found["score"], told["anomaly_score"])
    np.testing.assert_allclose(found["upper"], told["upper"])
    assert found["kind"].tolist() == told["kind"].astype(object).where(told["kind"].notna(), None).tolist()
    assert found["kind"][500] == "spike"
    assert "above" in found["reason"][500]
    assert found["is_anomaly"].sum() <= 3


def test_every_kind_of_series_is_the_same_series() -> None:
    series = strange()
    want = AnomalyDetector().detect(series)["score"]
    frame = pd.DataFrame({"at": series.index, "visits": series.to_numpy(), "site": "a"})
    times = series.index.to_numpy()
    given = [
        (series.to_numpy(), times),
        (series.tolist(), [str(time) for time in times]),
        (series.tolist(), times.astype("datetime64[s]").astype(int)),
        (pl.Series(series.to_numpy()), pl.Series(times)),
    ]
    for values, at in given:
        np.testing.assert_array_equal(AnomalyDetector().detect(values, at)["score"], want)
    for table in (frame, pl.from_pandas(frame), pl.from_pandas(frame).to_arrow(), dict(frame.items())):
        np.testing.assert_array_equal(AnomalyDetector().detect(table)["score"], want)
    berlin = series.tz_localize("Europe/Berlin", ambiguous=True, nonexistent="shift_forward")
    np.testing.assert_array_equal(AnomalyDetector().detect(berlin)["score"], want)


def test_judges_what_follows_a_history_without_learning_it() -> None:
    series = strange()
    detector = AnomalyDetector().fit(series[:480])
    whole = AnomalyDetector().detect(series)["score"][480:]
    np.testing.assert_array_equal(detector.score_samples(series[480:]), whole)
    np.testing.assert_array_equal(detector.score_samples(series[480:]), whole)
    assert detector.predict(series[480:]).tolist() == (whole >= 0.97).tolist()
    step = detector.partial_fit(series[480:500]).observe(900.0, series.index[500])
    assert step.score == whole[20]
    assert step.is_anomaly
    assert step.kind == "spike"
    with pytest.raises(OutOfOrderError, match="not after") as caught:
        detector.observe(1.0, series.index[500])
    assert caught.value.code == "out_of_order"


def test_is_kept_and_copied(tmp_path: Path) -> None:
    series = strange()
    detector = AnomalyDetector("high").fit(series[:480])
    want = detector.score_samples(series[480:])
    for copy in (AnomalyDetector.load(detector.save(tmp_path / "model")), pickle.loads(pickle.dumps(detector))):
        np.testing.assert_allclose(copy.score_samples(series[480:]), want, rtol=1e-9)
    assert pickle.loads(pickle.dumps(detector)).sensitivity == "high"


def test_data_that_are_not_as_they_should_be() -> None:
    gaps = AnomalyDetector().detect([1.0, None, float("nan"), 4.0])
    assert np.isfinite(gaps["score"]).all()
    assert gaps["kind"].tolist() == [None, "missing", "missing", None]
    with pytest.warns(DataWarning, match="1 rows are not later"):
        AnomalyDetector().detect([1.0, 2.0], ["2026-01-01T01:00", "2026-01-01T00:00"])
    detector = AnomalyDetector().fit([1.0, 2.0, 3.0])
    with pytest.raises(OutOfRangeError):
        detector.partial_fit([4.0, float("inf")])
    assert detector.observe(4.0).expected <= 4.0  # nothing of the bad batch was learned
    with pytest.raises(NotFittedError):
        AnomalyDetector().predict([1.0])
    with pytest.raises(ColumnError, match="is not a time"):
        AnomalyDetector().detect([1.0], ["soon"])
    with pytest.raises(ColumnError, match="which column holds the numbers"):
        AnomalyDetector().detect({"timestamp": ["2026-01-01"], "a": [1.0], "b": [2.0]})
    with pytest.raises(ValueError, match="sensitivity"):
        AnomalyDetector("loud").fit([1.0]).predict([2.0])  # type: ignore[arg-type]


def test_the_slice_that_lost_is_named() -> None:
    cells = pd.DataFrame(
        [(c, d, 100.0 + 3 * c) for c in range(4) for d in ("phone", "desk", "tablet")],
        columns=["country", "device", "expected"],
    )
    cells["actual"] = np.where(cells["country"] == 2, cells["expected"] / 2, cells["expected"])
    slices = explain(cells, ["country", "device"])
    assert slices["slice"].tolist() == ["country = 2"]
    assert slices["share"][0] == pytest.approx(1.0)
    assert slices["device"].tolist() == [None]


def test_other_threads_run_while_it_works() -> None:
    import threading

    values = np.random.default_rng(1).normal(size=400_000)
    ticks = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.002):
            ticks.append(1)

    other = threading.Thread(target=tick)
    other.start()
    AnomalyDetector().detect(values)
    done.set()
    other.join()
    assert len(ticks) > 20


def test_the_picture_shows_the_anomaly() -> None:
    ax = AnomalyDetector().plot(strange())
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"expected", "measured", "anomaly"}
    assert len(ax.lines[0].get_xdata()) >= 500
