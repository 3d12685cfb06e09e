"""Benchmarks of the running program, from outside; writes docs/benchmarks.md.

Each figure comes from the release build on loopback, with the load generator on the same machine.
Standard library only. Every run uses a fresh data folder, and every process started here is ended here.
"""

import argparse
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

# It uses the server of this file, under the name by which it imports it.
import alerts

ROOT = Path(__file__).resolve().parent.parent
ADMIN = "bench-admin-token-0123456789abcdef"
SITE = "bench.example"


class Server:
    """A running `opentrace serve` with one site and one key."""

    def __init__(self, binary, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        log = open(Path(folder) / "server.log", "wb")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", folder],
            env={**os.environ, "OPENTRACE_ADMIN_TOKEN": ADMIN}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
        self.wait(lambda: self.get("/readyz"), 60)
        self.post("/api/v1/sites", {"domain": SITE, "timezone": "UTC"})
        self.key = self.post("/api/v1/keys", {"name": "bench", "site": SITE, "scopes": ["collect", "read"]})["key"]

    def get(self, path):
        return self.call("GET", path, None)

    def post(self, path, body):
        return self.call("POST", path, json.dumps(body).encode())

    def call(self, method, path, body):
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Authorization", f"Bearer {ADMIN}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            return text.decode()

    def wait(self, done, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                value = done()
                if value:
                    return value
            except (urllib.error.URLError, OSError, ValueError):
                pass
            time.sleep(0.05)
        raise SystemExit("the server did not get there in time")

    def settle(self, seconds=600):
        def settled():
            pipeline = self.get("/api/v1/status")["pipeline"]
            return pipeline["state"] == "running" and pipeline["lag_events"] == 0
        self.wait(settled, seconds)

    def memory(self):
        """Resident megabytes of the program and of the ClickHouse child."""
        return [rss(pid) for pid in [self.process.pid, *children(self.process.pid)]]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


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


def dataflow():
    """Events per second of the dataflow alone on one worker, from the bench of the operators."""
    output = subprocess.run(["cargo", "run", "--release", "-q", "-p", "opentrace-benches", "--bin", "dataflow"],
                            check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [json.loads(line) for line in output.strip().splitlines()]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(ROOT / "target/release/opentrace"))
    arguments.add_argument("--output", default=str(ROOT / "docs/benchmarks.md"))
    arguments.add_argument("--seconds", type=int, default=30)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()

    note("idle memory")
    idle_memory = idle(options.binary)
    note("sustained")
    runs = [sustained(options.binary, options.seconds) for _ in range(options.runs)]
    note("single events")
    one = single(options.binary, options.seconds)
    note("visible")
    seen = visible(options.binary, 10_000, options.seconds)
    note("alerts")
    told = [alerts.alerts(options.binary, rate) for rate in (1_000, 10_000)]
    note("dataflow")
    flow = dataflow()
    Path(options.output).write_text(report(options, idle_memory, runs, one, seen, told, flow))
    note(f"wrote {options.output}")


def note(text):
    print(text, file=sys.stderr, flush=True)


def report(options, idle_memory, runs, one, seen, told, flow):
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
    for line in told:
        rows.append((f"accepted → webhook received, {line['rules']} rules at {line['rate']:,} events/s",
                     f"p50 {line['p50_ms']:.0f} ms, p99 {line['p99_ms']:.0f} ms", "p99 ≤ 1.5 s", "p99 ≤ 1 s"))
    for line in flow:
        rows.append((f"dataflow alone, epochs of {line['epoch_rows']:,} rows, one worker",
                     f"{line['events_per_second']:,.0f} events/s", "", "≥ 150,000/s" if line["epoch_rows"] == 10_000 else ""))
    table = "\n".join(f"| {what} | {got} | {mark} | {goal} |" for what, got, mark, goal in rows)
    return TEMPLATE.format(
        machine=machine(), date=time.strftime("%Y-%m-%d"), seconds=options.seconds, table=table,
    )


def megabytes(parts):
    return " + ".join(f"{part:.0f}" for part in parts)


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
