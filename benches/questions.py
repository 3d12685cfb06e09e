"""Benchmarks of questions over many events: the dashboard, anything ad hoc, and many people at once.

Fills a fresh server with generated events (a year of them where there are 100 million), then asks. Each
figure is of the release build on loopback. Standard library only; every process started here is ended
here. `--data` keeps the filled folder, so that asking again does not fill again.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import date, timedelta
from pathlib import Path

from run import ADMIN, free_port

SITE = "questions.example"
BEGIN = date(2026, 1, 1)
EVENTS_PER_DAY = 300_000
DASHBOARD_ROUNDS = 20
CLIENTS = 50
MINUTE = 60


class Server:
    def __init__(self, binary, folder):
        self.binary, self.port = binary, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        log = open(Path(folder) / "server.log", "ab")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", folder,
             "--set", "limits.questions_per_minute=0", "--set", f"admin_token={ADMIN}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 120
        while not self.is_ready():
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit("the server does not come up")
            time.sleep(0.2)

    def is_ready(self):
        try:
            return self.call("/readyz") is not None
        except (urllib.error.URLError, OSError):
            return False

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data)
        request.add_header("Authorization", f"Bearer {ADMIN}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            return text.decode()

    def fill(self, events):
        """Generated events, through collection and every view."""
        try:
            self.call("/api/v1/sites", {"domain": SITE, "timezone": "UTC"})
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
            return
        made = subprocess.Popen([self.binary, "gen", "--events", str(events), "--site", SITE, "-o", "-"],
                                stdout=subprocess.PIPE)
        done = subprocess.run([self.binary, "import", "--format", "ndjson", "--site", SITE, "--url", self.url,
                               "--key", ADMIN, "-"], stdin=made.stdout)
        if made.wait() or done.returncode:
            raise SystemExit("cannot fill the server")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


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
    server.call("/api/v2/query", query)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="target/release/opentrace")
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--data")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        server = Server(args.binary, args.data or temporary)
        try:
            server.fill(args.events)
            days = max(1, args.events // EVENTS_PER_DAY)
            last = BEGIN + timedelta(days=days - 1)
            queries = dashboard(last - timedelta(days=min(29, days - 1)), last)
            assert len(queries) == 12
            page = [timed(server, query) for _ in range(DASHBOARD_ROUNDS) for query in queries]
            generator = random.Random(1)
            asked = [timed(server, ad_hoc(generator, days)) for _ in range(20)]
            times, errors, load = crowd(server, days, args.rate)
        finally:
            server.stop()
    print("| what | p50 | p95 | goal |")
    print("|---|---|---|---|")
    for what, values, goal in [
        (f"dashboard, 12 questions × {DASHBOARD_ROUNDS}, {args.events:,} events", page, "50 ms"),
        ("20 ad-hoc questions", asked, "1 s"),
        (f"{CLIENTS} clients for a minute, {load['accepted'] / load['seconds']:,.0f} events/s coming in, "
         f"{len(errors)} errors", times, "2 s"),
    ]:
        print(f"| {what} | {percentile(values, 0.5):.0f} ms | {percentile(values, 0.95):.0f} ms | {goal} |")
    for error in sorted(set(errors))[:5]:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
