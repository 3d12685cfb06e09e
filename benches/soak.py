"""The soak: weeks of events in minutes, and what is held in memory at the end against docs/costs.md.

    make soak            60 days at 5,000 events/s in 15 minutes; the figure goes into docs/benchmarks.md
    benches/soak.py --minutes 1 --days 4 --no-write      a short look

The prediction, over the second half: rows counted by the program, each with the bytes that the table `soak` in
docs/costs.md gives its kind, and the fixed part. The rows themselves are checked where the workload
says how many there must be. Standard library only.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from page import put

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- soak: written by make soak -->", "<!-- soak: end -->"
# The bounds that the pipeline's defaults set.
DEDUP_DAYS, DEDUP_IDS = 7, 8_000_000


def costs():
    """Bytes per row by kind, and the fixed part, from the table in docs/costs.md."""
    text = (ROOT / "docs/costs.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([\d,]+) \|", text, re.MULTILINE)
    return {kind: int(size.replace(",", "")) for kind, size in rows}


def run(options):
    command = [options.binary, "--rate", options.rate, "--days", options.days, "--minutes", options.minutes]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    lines = []
    for text in process.stdout:
        line = json.loads(text)
        if "error" in line:
            raise SystemExit(f"the soak failed: {line['error']}")
        lines.append(line)
        print(text.strip(), file=sys.stderr, flush=True)
    if process.wait() != 0:
        raise SystemExit(f"the soak ended with {process.returncode}")
    return lines


def predicted_mb(line, bytes_of):
    """What the state of a line should take: its rows, each with its size, and the fixed part."""
    kinds = [kind for kind in bytes_of if kind != "fixed"]
    return (bytes_of["fixed"] + sum(line[kind] * bytes_of[kind] for kind in kinds)) / 1e6


def verdict(lines, options, bytes_of):
    first, last = lines[0], lines[-1]
    # Tables double as they fill and are made small again: over weeks the sizes come to the average
    # that costs.md gives.
    second_half = lines[len(lines) // 2:]
    measured = statistics.mean(line["heap_mb"] for line in second_half) - first["heap_mb"]
    predicted = statistics.mean(predicted_mb(line, bytes_of) for line in second_half)
    # One event of a hundred is a repeat, whose id is known.
    window = min(DEDUP_DAYS, last["day"])
    ids = min(0.99 * last["events"] * window / last["day"], DEDUP_IDS)
    half = lines[len(lines) // 2]
    return {
        "measured": measured, "predicted": predicted, "off": measured / predicted - 1,
        "ids_off": last["dedup_ids"] / ids - 1,
        "growth": last["heap_mb"] / half["heap_mb"] - 1,
        "rate": last["events"] / (options.minutes * 60),
    }


def report(lines, options, found):
    last = lines[-1]
    every = max(1, len(lines) // 12)
    shown = lines[:-1:every] + [last]
    table = "\n".join(
        f"| {line['day']:.0f} | {line['events']:,} | {line['people']:,} | {line['acts']:,} | {line['interned']:,} "
        f"| {line['dedup_ids']:,} | {line['cells']:,} | {line['heap_mb']:.0f} | {line['rss_mb']:.0f} |"
        for line in shown
    )
    return f"""{BEGIN}
## Soak

Written by `make soak` on {time.strftime('%Y-%m-%d')}: {found['rate']:,.0f} events/s for {options.minutes:g} minutes, in which the
pipeline's clock goes through {last['day']:.0f} days. Over the second half the state is {found['measured']:.0f} MB on average,
where [costs.md](costs.md) predicts {found['predicted']:.0f} MB ({found['off']:+.1%}; within ±10 % is the goal); from its
beginning to its end it changed by {found['growth']:+.1%}. Ids held for deduplication: {found['ids_off']:+.1%} of seven days of ids.

| day | events | people | acts | texts and visits | ids | cells | heap MB | resident MB |
|---|---|---|---|---|---|---|---|---|
{table}
{END}
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", default=str(ROOT / "target/release/soak"))
    arguments.add_argument("--output", default=str(ROOT / "docs/benchmarks.md"))
    arguments.add_argument("--rate", type=int, default=5_000)
    arguments.add_argument("--days", type=int, default=60)
    arguments.add_argument("--minutes", type=float, default=15)
    arguments.add_argument("--no-write", action="store_true")
    options = arguments.parse_args()

    lines = run(options)
    found = verdict(lines, options, costs())
    text = report(lines, options, found)
    print(text)
    if not options.no_write:
        put(Path(options.output), BEGIN, END, text)
    bad = [name for name in ("off", "ids_off") if abs(found[name]) > 0.10]
    if bad:
        raise SystemExit(f"more than 10 % from the prediction: {', '.join(f'{name} {found[name]:+.1%}' for name in bad)}")


if __name__ == "__main__":
    main()
