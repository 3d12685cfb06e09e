"""Data of the notebooks: real sets from the folder in `OPENTRACE_DATA`, or made-up ones of the same shape.

`datasets/README.md` says where the real sets come from, and under which licence.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(os.environ.get("OPENTRACE_DATA", "")) if os.environ.get("OPENTRACE_DATA") else None


def _have(*parts: str) -> Path | None:
    path = FOLDER.joinpath(*parts) if FOLDER else None
    if path is not None and path.exists():
        return path
    print(f"{'/'.join(parts)} is not there: made-up data instead")
    return None


def nab() -> dict[str, tuple[pd.Series, list[tuple[pd.Timestamp, pd.Timestamp]]]]:
    """Series of the Numenta Anomaly Benchmark by name, each with the windows that people labelled."""
    folder = _have("nab")
    if folder is None:
        return {f"made up {seed}": _strange(seed) for seed in range(6)}
    windows = json.loads((folder / "windows.json").read_text())
    series = {}
    for name, spans in sorted(windows.items()):
        frame = pd.read_csv(folder / "data" / name, parse_dates=["timestamp"])
        labelled = [(pd.Timestamp(start), pd.Timestamp(end)) for start, end in spans]
        series[name.removesuffix(".csv")] = (frame.set_index("timestamp")["value"], labelled)
    return series


def _strange(seed: int) -> tuple[pd.Series, list[tuple[pd.Timestamp, pd.Timestamp]]]:
    random = np.random.default_rng(seed)
    at = pd.date_range("2026-02-02", periods=4032, freq="5min")
    value = 50 + 20 * np.sin((at.hour + at.minute / 60) / 24 * 2 * np.pi) + random.normal(0, 2, len(at))
    value = np.array(value)
    windows = []
    for start, kind in zip(random.choice(range(1500, 3800), 2, replace=False), ("spike", "drop"), strict=True):
        value[start : start + 24] += 45 if kind == "spike" else -40
        windows.append((at[start - 60], at[start + 84]))
    return pd.Series(value, index=at, name="value"), windows


def demand() -> pd.Series:
    """Electricity demand of a state by the hour, or made-up traffic."""
    path = _have("forecast", "vic_elec", "vic_elec.csv")
    if path is not None:
        return pd.read_csv(path, parse_dates=["ds"]).set_index("ds")["y"].rename("demand")[-24 * 7 * 20 :]
    random = np.random.default_rng(3)
    at = pd.date_range("2026-01-05", periods=24 * 7 * 20, freq="h")
    level = 4000 + 900 * np.sin((at.hour - 8) / 24 * 2 * np.pi) - 600 * (at.day_of_week >= 5)
    return pd.Series(level + random.normal(0, 120, len(at)), index=at, name="demand")


def views() -> pd.DataFrame:
    """Daily page views of forty pages, one below the other: `page`, `day`, `views`."""
    random = np.random.default_rng(5)
    days = pd.date_range("2026-01-01", periods=182, freq="D")
    parts = []
    for page in range(40):
        size, weekend, growth = random.gamma(2, 150), random.uniform(0.4, 1.1), random.uniform(-0.002, 0.004)
        level = size * np.where(days.day_of_week >= 5, weekend, 1) * np.exp(growth * np.arange(len(days)))
        counts = random.negative_binomial(20, 20 / (20 + level))
        parts.append(pd.DataFrame({"page": f"/p/{page}", "day": days, "views": counts}))
    return pd.concat(parts, ignore_index=True)


def customers() -> pd.DataFrame:
    """Customers of a telephone company and whether they left (`Churn`), or made-up ones."""
    path = _have("tabular", "telco_churn", "train.csv")
    if path is not None:
        table = pd.read_csv(path).drop(columns="customerID")
        table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
        return table.sample(2400, random_state=1).reset_index(drop=True)
    random = np.random.default_rng(7)
    tenure = random.integers(1, 73, 2400)
    contract = random.choice(["Month-to-month", "One year", "Two year"], 2400, p=[0.55, 0.2, 0.25])
    charges = random.uniform(20, 110, 2400).round(2)
    odds = 1.1 - 0.04 * tenure + 0.02 * (charges - 60) - 2.2 * (contract != "Month-to-month")
    leaves = random.random(2400) < 1 / (1 + np.exp(-odds))
    columns = {"tenure": tenure, "Contract": contract, "MonthlyCharges": charges}
    return pd.DataFrame(columns | {"Churn": np.where(leaves, "Yes", "No")})


def visitors() -> pd.DataFrame:
    """What visitors did on a shop's site: visits, minutes, revenue, source, device. Made up: readers who came once,
    buyers from the newsletter, and people who compare for hours."""
    random = np.random.default_rng(11)
    kinds = random.choice(3, 3000, p=[0.5, 0.3, 0.2])

    def about(*means: float) -> np.ndarray:
        """A positive number per visitor, around what is usual for the kind."""
        return np.array(means)[kinds] * random.gamma(16, 1 / 16, 3000)

    sources = np.array([["search", "direct"], ["newsletter", "direct"], ["direct", "search"]])
    return pd.DataFrame(
        {
            "visits": about(1.6, 7, 14).round().clip(1),
            "minutes": about(3, 14, 70).round(1),
            "days_since_last": about(40, 12, 3).round(),
            "revenue": np.where(random.random(3000) < np.array([0.01, 0.95, 0.15])[kinds], about(20, 85, 30), 0).round(
                2
            ),
            "source": sources[kinds, (random.random(3000) < 0.08).astype(int)],
            "device": np.where(random.random(3000) < np.array([0.75, 0.5, 0.1])[kinds], "phone", "desktop"),
        }
    )


def orders() -> pd.DataFrame:
    """Purchases of a music shop's customers (CDNOW), or made-up ones: `customer`, `time`, `value`."""
    path = _have("tabular", "cdnow", "CDNOW_master.txt")
    if path is not None:
        names = ["customer", "time", "pieces", "value"]
        table = pd.read_csv(path, sep=r"\s+", names=names, dtype={"customer": str}, skiprows=1)
        table["time"] = pd.to_datetime(table["time"], format="%Y%m%d")
        return table[table["customer"].astype(int) % 10 == 1].drop(columns="pieces").reset_index(drop=True)
    random = np.random.default_rng(13)
    rows = []
    for customer in range(1500):
        rate, leaves, spend = random.gamma(0.8, 0.02), random.beta(0.8, 2.4), random.gamma(6, 6)
        day = float(random.integers(0, 84))
        while day < 545:
            rows.append((f"{customer:05}", pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(day)), spend))
            day += 1 + random.exponential(1 / rate)
            if random.random() < leaves:
                break
    return pd.DataFrame(rows, columns=["customer", "time", "value"])


def shoppers(until: pd.Timestamp) -> pd.DataFrame:
    """Four weeks of visits to a shop: `person`, `time`, `page`, `source`, `spent`. Made up: who came by an
    advertisement soon stops, who reads the newsletter or has bought mostly stays."""
    random = np.random.default_rng(17)
    visits = {"newsletter": 0.6, "search": 0.5, "ads": 0.4}  # a day
    leaves = {"newsletter": 0.01, "search": 0.03, "ads": 0.4}  # with each day
    rows: list[tuple[str, pd.Timestamp, str, str, float]] = []
    for person in range(1500):
        source, buys = str(random.choice(list(visits), p=[0.35, 0.35, 0.3])), random.random() < 0.5
        stays = 1 - leaves[source] * (0.3 if buys else 1.5)
        ago = random.uniform(0.5, 29)
        while ago > 0.05:
            spent = round(float(random.gamma(4, 8)), 2) if buys and random.random() < 0.45 else 0.0
            pages = ["/shop", *["/tea"] * (random.random() < 0.4), *["/thanks"] * (spent > 0)]
            for minute, page in enumerate(pages):
                time = until - pd.Timedelta(days=ago) + pd.Timedelta(minutes=2 * minute)
                rows.append((f"person {person}", time, page, source, spent if page == "/thanks" else 0.0))
            pause = max(random.exponential(1 / visits[source]), 0.1)
            if random.random() > stays ** max(pause, 1):
                break
            ago -= pause
    return pd.DataFrame(rows, columns=["person", "time", "page", "source", "spent"])
