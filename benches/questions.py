"""Benchmarks of questions over many events: the dashboard, anything ad hoc, and many people at once.

    benches/questions.py                              100 M events, a year of one site; writes its part of
                                                      docs/benchmarks.md
    benches/questions.py --events 1000000 --no-write  a short look

Fills a server with generated events, day by day: who interrupts it goes on where it was. The folder is
kept, so that asking again does not fill again (`rm -r` it when done). Each figure is of the release
build on loopback. Standard library only; every process started here is ended here.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
from datetime import date, timedelta
from pathlib import Path

from page import put
from program import ADMIN, Program
from run import ROOT, machine

SITE = "questions.example"
BEGIN = date(2025, 1, 1)
# As the generator makes them, engagement among them.
EVENTS_PER_DAY = 530_000
# Days that are generated and taken in at a time.
PIECE = 10
# Events, views and log on the disk while parts are merged, with room to spare.
BYTES_PER_EVENT = 250
DASHBOARD_ROUNDS = 20
AD_HOC = 20
CLIENTS = 50
MINUTE = 60
PAGE_BEGIN, PAGE_END = "<!-- questions: written by benches/questions.py -->", "<!-- questions: end -->"


class Server(Program):
    def fill(self, days, folder):
        """Generated events, through collection and every view, as far as they are not there yet."""
        try:
            self.post("/api/v1/sites", {"domain": SITE, "timezone": "UTC"})
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
        marker = Path(folder) / "days-filled"
        filled = int(marker.read_text()) if marker.exists() else 0
        began = time.monotonic()
        while filled < days:
            piece = min(PIECE, days - filled)
            first, last = BEGIN + timedelta(days=filled), BEGIN + timedelta(days=filled + piece - 1)
            made = subprocess.Popen([self.binary, "gen", "--from", str(first), "--to", str(last), "--site", SITE, "-o", "-"],
                                    stdout=subprocess.PIPE)
            done = subprocess.run([self.binary, "import", "--format", "ndjson", "--site", SITE, "--url", self.url,
                                   "--key", ADMIN, "-"], stdin=made.stdout, stdout=subprocess.DEVNULL)
            made.stdout.close()
            if made.wait() or done.returncode:
                raise SystemExit("cannot fill the server; run it again to go on")
            filled += piece
            marker.write_text(str(filled))
            note(f"{filled} of {days} days filled, {(time.monotonic() - began) / 60:.1f} minutes, "
                 f"{bytes_of(folder) / 1e9:.2f} GB on the disk")

    def events(self):
        """All that the log ever took."""
        return self.get("/api/v1/status")["pipeline"]["log_events"]


def note(text):
    print(text, file=sys.stderr, flush=True)


def bytes_of(folder):
    """As the disk has it now: files come and go while ClickHouse merges."""
    return int(subprocess.run(["du", "-sk", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.split()[0]) * 1024


def dashboard(first, last):
    """The twelve questions of a site page that has no filter."""
    about = {"site_id": SITE, "date_range": [str(first), str(last)]}
    sums = ["visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"]
    lists = ["visit:source", "visit:channel", "visit:country", "visit:device", "visit:browser", "visit:os",
             "visit:entry_page", "visit:exit_page"]
    page = {"limit": 9, "offset": 0}
    return [
        {**about, "metrics": sums},
        {**about, "metrics": ["visitors", "pageviews"], "dimensions": ["time:day"], "include": {"time_labels": True}},
        *({**about, "metrics": ["visitors"], "dimensions": [name], "pagination": page} for name in lists),
        {**about, "metrics": ["visitors", "pageviews"], "dimensions": ["event:page"], "pagination": page},
        {**about, "metrics": ["visitors", "events"], "dimensions": ["event:goal"], "pagination": page},
    ]


def ad_hoc(generator, days):
    """A question with any filters and any division, over any part of the time."""
    first = BEGIN + timedelta(days=generator.randrange(days))
    last = min(first + timedelta(days=generator.choice([0, 6, 29, 90, 365])), BEGIN + timedelta(days=days - 1))
    divisions = ["event:page", "event:goal", "visit:source", "visit:country", "visit:browser", "visit:entry_page",
                 "visit:utm_campaign", "time:day", "time:hour", "event:props:plan"]
    filters = [["is", "visit:country", ["DE", "US"]], ["contains", "event:page", ["/blog"]],
               ["is_not", "visit:browser", ["Chrome"]], ["matches", "event:page", ["^/[a-d]"]],
               ["has_done", ["is", "event:goal", ["signup"]]], ["is", "visit:device", ["Mobile"]]]
    metrics = generator.sample(["visitors", "visits", "pageviews", "events", "total_revenue"], 2)
    return {"site_id": SITE, "date_range": [str(first), str(last)], "metrics": metrics,
            "dimensions": [generator.choice(divisions)], "filters": generator.sample(filters, generator.randint(0, 2)),
            "pagination": {"limit": 100, "offset": 0}}


def timed(server, query):
    began = time.monotonic()
    server.post("/api/v2/query", query)
    return (time.monotonic() - began) * 1000


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def crowd(server, days, rate):
    """Fifty clients for a minute while events come in; returns times and errors."""
    loader = subprocess.Popen([server.binary, "loadgen", "--url", server.url, "--key", ADMIN, "--site", SITE, "--rate",
                               str(rate), "--seconds", str(MINUTE), "--json"], stdout=subprocess.PIPE)
    times, errors, lock, end = [], [], threading.Lock(), time.monotonic() + MINUTE

    def client(seed):
        generator = random.Random(seed)
        while time.monotonic() < end:
            last = BEGIN + timedelta(days=days - 1)
            page = dashboard(last - timedelta(days=29), last)
            query = generator.choice(page) if generator.random() < 0.8 else ad_hoc(generator, days)
            try:
                spent = timed(server, query)
                with lock:
                    times.append(spent)
            except (urllib.error.URLError, OSError) as error:
                with lock:
                    errors.append(str(error))
            time.sleep(generator.uniform(0.5, 1.5))

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures = json.loads(loader.communicate()[0].splitlines()[-1])
    return times, errors, figures


def measure(server, days, rate):
    """Rows of the table: what, times in milliseconds, and the goal."""
    last = BEGIN + timedelta(days=days - 1)
    page = dashboard(last - timedelta(days=min(29, days - 1)), last)
    assert len(page) == 12
    events = server.events()
    note("the dashboard, asked for the first time")
    first = [timed(server, query) for query in page]
    note("the dashboard, again and again")
    again = [timed(server, query) for _ in range(DASHBOARD_ROUNDS) for query in page]
    note("ad hoc")
    generator = random.Random(1)
    asked = [timed(server, ad_hoc(generator, days)) for _ in range(AD_HOC)]
    note("many clients")
    times, errors, load = crowd(server, days, rate)
    for error in sorted(set(errors))[:5]:
        note(error)
    return events, [
        ("dashboard, 12 questions, the first time", first, ""),
        (f"the same, {DASHBOARD_ROUNDS} times", again, "50 ms"),
        (f"{AD_HOC} ad-hoc questions, any filter and division", asked, "1 s"),
        (f"{CLIENTS} clients for a minute, {len(times):,} questions, {load['accepted'] / load['seconds']:,.0f} events/s "
         f"coming in, {len(errors)} errors", times, "2 s"),
    ]


def table(events, rows, size):
    lines = [
        PAGE_BEGIN, "## Questions", "",
        f"{events:,} generated events of one site, {size / 1e9:.1f} GB on the disk; {machine()}; {date.today()}. A "
        "dashboard is of the last 30 days. Times from outside, by HTTP.", "",
        "| what | p50 | p95 | goal for p95 |", "|---|---|---|---|",
    ]
    for what, values, goal in rows:
        lines.append(f"| {what} | {percentile(values, 0.5):,.0f} ms | {percentile(values, 0.95):,.0f} ms | {goal and '≤ ' + goal} |")
    return "\n".join([*lines, PAGE_END, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target/release/opentrace"))
    parser.add_argument("--events", type=int, default=100_000_000, help="about as many, in whole days")
    parser.add_argument("--rate", type=int, default=5_000, help="events a second that come in meanwhile")
    parser.add_argument("--data", default=str(ROOT / "target/bench-questions"))
    parser.add_argument("--output", default=str(ROOT / "docs/benchmarks.md"))
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    days = max(1, round(options.events / EVENTS_PER_DAY))
    folder = Path(options.data)
    folder.mkdir(parents=True, exist_ok=True)
    needed = days * EVENTS_PER_DAY * BYTES_PER_EVENT - bytes_of(folder)
    if shutil.disk_usage(folder).free < needed:
        raise SystemExit(f"{options.events:,} events need {needed / 1e9:.0f} GB more on the disk of {folder}")
    server = Server(options.binary, str(folder), "--set", "limits.questions_per_minute=0")
    try:
        server.fill(days, folder)
        events, rows = measure(server, days, options.rate)
    finally:
        server.stop()
    text = table(events, rows, bytes_of(folder))
    print(text)
    if not options.no_write:
        put(Path(options.output), PAGE_BEGIN, PAGE_END, text)


if __name__ == "__main__":
    main()
