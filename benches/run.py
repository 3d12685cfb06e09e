"""Benchmarks of the running program, from outside; writes docs/benchmarks.md.

Each figure comes from the release build on loopback, with the load generator on the same machine.
Standard library only. Every run uses a fresh data folder, and every process started here is ended here.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# It uses the server of this file, under the name by which it imports it.
import alerts
from program import Program

ROOT = Path(__file__).resolve().parent.parent
SITE = "bench.example"


DEFINITIONS = [
    ("goals", {"name": "sign-ups", "event": "signup"}),
    ("funnels", {"name": "conversion", "steps": ["pageview", "signup"], "window": "7d"}),
    ("retentions", {"name": "weeks", "return_event": "signup", "period": "week"}),
    ("series", {"name": "people", "event": "signup", "metric": "visitors"}),
]


class Server(Program):
    """The program with one site and one key."""

    patience = 30

    def __init__(self, binary, folder):
        super().__init__(binary, folder)
        self.post("/api/v1/sites", {"domain": SITE, "timezone": "UTC"})
        self.key = self.post("/api/v1/keys", {"name": "bench", "site": SITE, "scopes": ["collect", "read"]})["key"]

    def launch(self, **environment):
        super().launch(OPENTRACE_VERIFY_EVERY="off", **environment)

    def define(self):
        """One definition of each kind, so that every view has something to do."""
        for path, body in DEFINITIONS:
            self.post(f"/api/v1/{path}", {"site_id": SITE, **body})

    def memory(self):
        """Resident megabytes of the program and of the ClickHouse child."""
        return [rss(pid) for pid in [self.process.pid, *children(self.process.pid)]]

    def kill(self):
        self.process.kill()
        self.process.wait()


def children(pid):
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found.update(int(child) for child in (task / "children").read_text().split())
    return sorted(found)


def rss(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def loadgen(binary, server, *options):
    """Runs the load generator; its last line of JSON."""
    command = [binary, "loadgen", "--url", server.url, "--key", server.key, "--site", SITE, "--json", *map(str, options)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.strip().splitlines()[-1])


def sustained(binary, seconds):
    """Batches of 500 as fast as they go; the clock stops when every view has every event."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        started = time.monotonic()
        load = loadgen(binary, server, "--rate", 0, "--seconds", seconds, "--batch", 500, "--connections", 4)
        memory = server.memory()
        server.settle()
        elapsed = time.monotonic() - started
        status = server.get("/api/v1/status")["pipeline"]
        server.stop()
    return {"accepted": load["accepted"], "rate": load["accepted"] / elapsed, "http_rate": load["accepted"] / load["seconds"],
            "p99_ms": load["p99_ms"], "memory": memory, "resident": status["resident_events"]}


def sustained_with_definitions(binary, seconds):
    """The same with one goal, funnel, retention and series."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        server.define()
        started = time.monotonic()
        load = loadgen(binary, server, "--rate", 0, "--seconds", seconds, "--batch", 500, "--connections", 4)
        server.settle()
        elapsed = time.monotonic() - started
        server.stop()
    return load["accepted"] / elapsed


def fill(binary, server, events, batch=500):
    """Sends at least so many events; how many were accepted."""
    accepted = 0
    while accepted < events:
        load = loadgen(binary, server, "--rate", 0, "--seconds", 5, "--batch", batch, "--connections", 4)
        accepted += load["accepted"]
    return accepted


def new_funnel(binary, events):
    """From asking for a funnel to the moment it answers for all of history."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        accepted = fill(binary, server, events)
        server.settle()
        started = time.monotonic()
        made = server.post("/api/v1/funnels", {"site_id": SITE, **DEFINITIONS[1][1]})
        server.wait(lambda: server.get(f"/api/v1/funnels/{made['id']}")["status"]["state"] == "ready", 600)
        elapsed = time.monotonic() - started
        server.stop()
    return {"events": accepted, "seconds": elapsed}


def erased(binary, events):
    """From asking for a user's erasure, over so many events of others, to the moment the views are right."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        accepted = fill(binary, server, events)
        server.call("PATCH", f"/api/v1/sites/{SITE}", b'{"identified": true}')
        visit = [{"site": SITE, "name": "pageview", "url": f"https://{SITE}/{page}", "user_id": "ada"} for page in range(40)]
        server.post("/api/v1/events", visit)
        server.settle()
        question = {"site_id": SITE, "metrics": ["pageviews"], "date_range": "day"}
        views = lambda: server.post("/api/v2/query", question)["results"][0]["metrics"][0]
        before = views()
        started = time.monotonic()
        server.post("/api/v1/erasure", {"site_id": SITE, "user_id": "ada", "wait": 0})
        server.wait(lambda: views() == before - len(visit), 60)
        elapsed = time.monotonic() - started
        server.stop()
    return {"events": accepted, "seconds": elapsed}


def behind(binary, events):
    """Killed with many events in the log that no view has: until it takes an event, answers a question,
    and has caught up. ClickHouse is out of reach while the events come, so that none is in a view."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        server.stop()
        server.launch(OPENTRACE_CLICKHOUSE_URL="http://127.0.0.1:9")
        server.wait(lambda: server.get("/healthz"), 60)
        accepted = fill(binary, server, events)
        server.kill()
        started = time.monotonic()
        server.launch()
        event = [{"site": SITE, "name": "pageview", "url": f"https://{SITE}/"}]
        server.wait(lambda: server.post("/api/v1/events", event)["accepted"] == 1, 60)
        collecting = time.monotonic() - started
        question = {"site_id": SITE, "metrics": ["events"], "date_range": "day"}
        server.wait(lambda: server.post("/api/v2/query", question)["results"], 600)
        answering = time.monotonic() - started
        server.settle(3600)
        caught_up = time.monotonic() - started
        counted = server.post("/api/v2/query", question)["results"][0]["metrics"][0]
        server.stop()
    return {"events": accepted, "counted": counted, "collecting": collecting, "answering": answering, "caught_up": caught_up}


def single(binary, seconds):
    """One event per request."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        load = loadgen(binary, server, "--rate", 0, "--seconds", seconds, "--batch", 1, "--connections", 64)
        server.settle()
        server.stop()
    return {"rate": load["accepted"] / load["seconds"], "p50_ms": load["p50_ms"], "p99_ms": load["p99_ms"]}


def visible(binary, rate, seconds):
    """Accepted to visible in a query, at a fixed rate."""
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        load = loadgen(binary, server, "--rate", rate, "--seconds", seconds, "--batch", 100, "--connections", 4, "--visible")
        memory = server.memory()
        server.stop()
    return {**load, "memory": memory}


def idle(binary, seconds=15):
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = Server(binary, folder)
        time.sleep(seconds)
        memory = server.memory()
        server.stop()
    return memory


def bench(name):
    """The lines of JSON that one of the benches' programs prints."""
    output = subprocess.run(["cargo", "run", "--release", "-q", "-p", "opentrace-benches", "--bin", name],
                            check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [json.loads(line) for line in output.strip().splitlines()]


def rules():
    """Milliseconds that closing an epoch takes with 10,000 rules of one site."""
    output = subprocess.run(["cargo", "bench", "-q", "-p", "opentrace-alerts", "--bench", "evaluate", "--",
                             "--output-format", "bencher"], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return int(re.search(r"bench:\s+([\d,]+) ns/iter", output).group(1).replace(",", "")) / 1e6


def told_alerts(binary):
    return [alerts.alerts(binary, rate) for rate in (1_000, 10_000)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(ROOT / "target/release/opentrace"))
    arguments.add_argument("--output", default=str(ROOT / "docs/benchmarks.md"))
    arguments.add_argument("--seconds", type=int, default=30)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--funnel-events", type=int, default=1_000_000)
    arguments.add_argument("--behind-events", type=int, default=10_000_000)
    arguments.add_argument("--only", choices=sorted(FIGURES), help="one figure, printed and not written")
    options = arguments.parse_args()
    if options.only:
        print(json.dumps(FIGURES[options.only](options)))
        return

    note("idle memory")
    idle_memory = idle(options.binary)
    note("sustained")
    runs = [sustained(options.binary, options.seconds) for _ in range(options.runs)]
    note("single events")
    one = single(options.binary, options.seconds)
    note("visible")
    seen = visible(options.binary, 10_000, options.seconds)
    note("every kind of definition")
    defined = sustained_with_definitions(options.binary, options.seconds)
    note("new funnel")
    funnel = new_funnel(options.binary, options.funnel_events)
    note("erasure")
    forgotten = erased(options.binary, options.funnel_events)
    note("killed far behind")
    far = behind(options.binary, options.behind_events)
    note("alerts")
    told = told_alerts(options.binary)
    note("rules")
    judged = rules()
    note("dataflow")
    flow = bench("dataflow")
    note("questions")
    asked = bench("questions")
    page = Path(options.output)
    kept = apart(page)
    text = report(options, idle_memory, runs, one, seen, told, judged, flow, defined, funnel, forgotten, far, asked)
    page.write_text(text + kept)
    note(f"wrote {options.output}")


def apart(page):
    """What the soak, the models', the questions' and the dashboard's bench, run by themselves, have written to the page."""
    text = page.read_text() if page.exists() else ""
    start = text.find("<!-- ")
    return "\n" + text[start:] if start >= 0 else ""


def note(text):
    print(text, file=sys.stderr, flush=True)


def report(options, idle_memory, runs, one, seen, told, judged, flow, defined, funnel, forgotten, far, asked):
    rates = sorted(run["rate"] for run in runs)
    median = statistics.median(rates)
    load = runs[-1]
    rows = [
        ("sustained, batches of 500 over HTTP until every view has them",
         f"{median:,.0f} events/s (of {len(rates)}: {rates[0]:,.0f} to {rates[-1]:,.0f})", "≥ 50,000", "≥ 150,000"),
        ("accepted over HTTP meanwhile, request p99", f"{load['http_rate']:,.0f} events/s, {load['p99_ms']:.0f} ms", "", ""),
        ("single-event requests", f"{one['rate']:,.0f}/s, p50 {one['p50_ms']:.1f} ms, p99 {one['p99_ms']:.1f} ms", "", "≥ 20,000/s"),
        ("accepted → visible at 10,000 events/s",
         f"p50 {seen['visible_p50_ms']:.0f} ms, p99 {seen['visible_p99_ms']:.0f} ms", "p99 ≤ 2 s", "p99 ≤ 1 s"),
        ("memory idle (program + ClickHouse)", f"{sum(idle_memory):.0f} MB ({megabytes(idle_memory)})", "< 400 MB", "≤ 350 MB"),
        ("memory at 10,000 events/s", f"{sum(seen['memory']):.0f} MB ({megabytes(seen['memory'])})", "", ""),
        ("memory at the sustained rate", f"{sum(load['memory']):.0f} MB ({megabytes(load['memory'])}), "
         f"{load['resident']:,} events resident", "", ""),
    ]
    rows += [
        ("sustained, with a goal, a funnel, a retention and a series", f"{defined:,.0f} events/s", "≥ 75,000", "≥ 150,000"),
        (f"a new funnel over {funnel['events']:,} events of history, ready", f"{funnel['seconds']:.1f} s", "", "≤ 5 s"),
        (f"a user erased beside {forgotten['events']:,} events, every answer right", f"{forgotten['seconds']:.2f} s", "", "≤ 1 s"),
        (f"kill -9 with {far['events']:,} events behind: collecting, answering",
         f"{far['collecting']:.1f} s, {far['answering']:.1f} s", "", "≤ 3 s"),
        ("the same: every view caught up", f"{far['caught_up']:.0f} s", "≤ 60 s", "≤ 20 s"),
    ]
    for line in told:
        rows.append((f"accepted → webhook received, {line['rules']} rules at {line['rate']:,} events/s",
                     f"p50 {line['p50_ms']:.0f} ms, p99 {line['p99_ms']:.0f} ms", "p99 ≤ 1.5 s", "p99 ≤ 1 s"))
    rows.append(("closing an epoch with 10,000 rules of one site", f"{judged:.1f} ms", "", "< 50 ms"))
    for line in flow:
        rows.append((f"dataflow alone, epochs of {line['epoch_rows']:,} rows, one worker",
                     f"{line['events_per_second']:,.0f} events/s", "", "≥ 150,000/s" if line["epoch_rows"] == 10_000 else ""))
    for part in asked:
        rows.append((f"questions in words, {part['part']} part ({part['questions']}): exact query; right of those "
                     "answered; unsupported recognised; p95",
                     f"{part['exact_percent']} %; {part['precision_percent']} %; "
                     f"{part['unsupported_recognised_percent']} %; {part['p95_ms']} ms",
                     "", "≥ 90 %; ≥ 98 %; ≥ 95 %; ≤ 20 ms"))
    table = "\n".join(f"| {what} | {got} | {mark} | {goal} |" for what, got, mark, goal in rows)
    return TEMPLATE.format(
        machine=machine(), date=time.strftime("%Y-%m-%d"), seconds=options.seconds, table=table,
    )


def megabytes(parts):
    return " + ".join(f"{part:.0f}" for part in parts)


FIGURES = {
    "idle": lambda options: idle(options.binary),
    "sustained": lambda options: sustained(options.binary, options.seconds),
    "defined": lambda options: sustained_with_definitions(options.binary, options.seconds),
    "single": lambda options: single(options.binary, options.seconds),
    "visible": lambda options: visible(options.binary, 10_000, options.seconds),
    "funnel": lambda options: new_funnel(options.binary, options.funnel_events),
    "erased": lambda options: erased(options.binary, options.funnel_events),
    "behind": lambda options: behind(options.binary, options.behind_events),
    "alerts": lambda options: told_alerts(options.binary),
    "rules": lambda options: rules(),
    "questions": lambda options: bench("questions"),
    "dataflow": lambda options: bench("dataflow"),
}


def machine():
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / 1048576
    name = cpu.group(1).strip() if cpu else platform.processor()
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GB, {platform.system()}"


TEMPLATE = """# Benchmarks

Written by `make bench` on {date}: {machine}. Release build, loopback, the load generator on the same
machine and cores; runs of {seconds} seconds. The machine is shared: read ratios, not single figures.

| what | measured | mark to pass | goal |
|---|---|---|---|
{table}

*Sustained* counts from the first request to the moment the last event is in every view in ClickHouse.
*Visible* is measured from the answer 202 to the first answer of the query API that counts the event, and an
alert from the answer 202 to the arrival of its webhook: each rule waits for an event of its own.
"""


if __name__ == "__main__":
    main()
