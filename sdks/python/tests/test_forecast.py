from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import hours
from opentrace.errors import NotFittedError, OutOfRangeError, TooFewError
from opentrace.models import Forecaster, detect_seasons


def many() -> pd.DataFrame:
    parts = [hours(21, seed).rename("value").rename_axis("timestamp").reset_index() for seed in range(22)]
    return pd.concat([part.assign(series=f"s{at}") for at, part in enumerate(parts)], ignore_index=True)


def test_forecasts_what_the_command_line_forecasts(program_path: Path, tmp_path: Path) -> None:
    table = many()
    forecast = Forecaster(24, series="series").fit(table).predict()
    table[["series", "timestamp", "value"]].to_csv(tmp_path / "in.csv", index=False)
    command = [program_path, "forecast", "--input", tmp_path / "in.csv", "--horizon", "24", "-o", tmp_path / "out.csv"]
    subprocess.run(command, check=True)
    told = pd.read_csv(tmp_path / "out.csv")
    assert forecast["series"].tolist() == told["series"].tolist()
    for name in ("step", "mean", "lo80", "hi80", "lo95", "hi95"):
        np.testing.assert_allclose(forecast[name], told[name])
    assert forecast["timestamp"][0] == np.datetime64("2026-01-26T00:00")


def test_a_network_is_trained_where_it_is_asked_for(program_path: Path, tmp_path: Path) -> None:
    table = many()
    table = table[table["timestamp"] < table["timestamp"].min() + pd.Timedelta("8D")]
    alone = Forecaster(3, series="series").fit(table)
    assert alone.metrics_ == {}
    together = Forecaster(3, series="series", network=True, seed=4).fit(table)
    assert any(name.startswith("network_share") for name in together.metrics_)
    again = Forecaster(3, series="series", network=True, seed=4).fit(table)
    np.testing.assert_array_equal(together.predict()["mean"], again.predict()["mean"])
    read = Forecaster.load(together.save(tmp_path / "model"))
    assert read.metrics_ == together.metrics_


def test_a_saved_forecaster_is_the_command_lines_model(program_path: Path, tmp_path: Path) -> None:
    table = many()
    folder = Forecaster(24, series="series").fit(table).save(tmp_path / "model")
    one = table[table["series"] == "s3"].drop(columns="series")
    ahead = pd.date_range(one["timestamp"].iloc[-1] + pd.Timedelta("1h"), periods=24, freq="h")
    rows = pd.concat([one, pd.DataFrame({"timestamp": ahead})])
    rows.to_csv(tmp_path / "in.csv", index=False)
    command = [program_path, "predict", "--model", folder, "--input", tmp_path / "in.csv", "-o", tmp_path / "out.csv"]
    subprocess.run(command, check=True)
    told = pd.read_csv(tmp_path / "out.csv")["prediction"].to_numpy()[-24:]
    read = Forecaster.load(folder)
    assert (read.horizon, read.levels) == (24, (80, 95))
    np.testing.assert_allclose(read.predict(one)["mean"], told)
    with pytest.raises(NotFittedError, match="no history"):
        read.predict()
    copy = pickle.loads(pickle.dumps(Forecaster(24, series="series").fit(table)))
    assert copy.predict().shape == (22 * 24, 8)


def test_every_kind_of_series_is_the_same_series() -> None:
    series = hours(28)
    want = Forecaster(24).fit(series).predict()
    assert want.columns == ["step", "timestamp", "mean", "lo80", "hi80", "lo95", "hi95"]
    frame = series.rename_axis("at").reset_index()
    for table in (frame, pl.from_pandas(frame), pl.from_pandas(frame).to_arrow()):
        np.testing.assert_array_equal(Forecaster(24).fit(table).predict()["mean"], want["mean"])
    shuffled = frame.sample(frac=1, random_state=1)
    np.testing.assert_array_equal(Forecaster(24).fit(shuffled).predict()["mean"], want["mean"])
    plain = Forecaster(24, seasons=[24, 168]).fit(series.to_numpy()).predict()
    np.testing.assert_allclose(plain["mean"], want["mean"])
    assert "timestamp" not in plain


def test_is_better_than_repeating_the_last_week_and_its_intervals_hold() -> None:
    series = hours(36)
    model = Forecaster(7 * 24).fit(series[: 29 * 24])
    assert model.score(series[29 * 24 :]) > 0.15
    forecast, truth = model.predict(), series[29 * 24 :].to_numpy()
    inside = (forecast["lo95"] <= truth) & (truth <= forecast["hi95"])
    assert 0.88 <= inside.mean() <= 1.0
    assert (forecast["lo95"] <= forecast["lo80"]).all()
    assert sum(model.weights_[None].values()) == pytest.approx(1.0)


def test_events_known_in_advance_come_again() -> None:
    days = pd.date_range("2026-01-01", periods=120, freq="D")
    sale = [days[30], days[60], days[90], days[-1] + pd.Timedelta("3D")]
    values = pd.Series(np.where(days.isin(sale), 300.0, 100.0) + np.arange(120) % 7, index=days)
    model = Forecaster(7).fit(values)
    with_sale = model.predict(events={"sale": sale})["mean"]
    assert with_sale[2] > 1.7 * model.predict()["mean"][2]
    assert with_sale[3] < 130


def test_bad_input_is_told() -> None:
    with pytest.raises(OutOfRangeError, match="horizon") as caught:
        Forecaster(0).fit([1.0, 2.0])
    assert caught.value.code == "out_of_range"
    with pytest.raises(TooFewError):
        Forecaster(2).fit([None, float("nan")]).predict()
    with pytest.raises(ValueError, match="levels"):
        Forecaster(2, levels=[0, 95]).fit([1.0])
    with pytest.raises(NotFittedError):
        Forecaster().predict()
    with pytest.raises(ValueError, match="no parameter `season`"):
        Forecaster().set_params(season=7)
    constant = Forecaster(3).fit([5.0] * 20).predict()
    assert constant["mean"] == pytest.approx([5.0, 5.0, 5.0])


def test_seasons_are_found_and_a_picture_is_drawn() -> None:
    series = hours(28)
    assert detect_seasons([hour % 24 for hour in range(480)])[0] == 24
    ax = Forecaster(48).fit(series).plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["95 %", "80 %", "history", "forecast"]
    assert repr(Forecaster(48, seasons=[24])) == "Forecaster(horizon=48, seasons=[24])"
