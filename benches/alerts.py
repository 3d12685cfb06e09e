"""From the event to the webhook, while the program takes other events: how long an alert takes.

One site with instant rules, each on an event of its own that happens once, and load beside it. The clock
runs from the answer 202 to the arrival at the receiver. Standard library only; run by itself or by run.py.
"""

import argparse
import http.client
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import uuid

import run as bench

RULES = 500


class Receiver(http.server.BaseHTTPRequestHandler):
    """Notes when the alert of each rule came."""

    protocol_version = "HTTP/1.1"
    arrived = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        now = time.monotonic()
        message = json.loads(body)
        if message["type"] == "alert.firing":
            self.arrived.setdefault(message["data"]["name"], now)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def alerts(binary, rate, rules=RULES):
    """Milliseconds from accepted to received: p50, p99, the worst, and how many came."""
    Receiver.arrived = {}
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    os.environ["OPENTRACE_ALERTS_ALLOW_PRIVATE"] = "true"
    with tempfile.TemporaryDirectory(prefix="opentrace-bench-") as folder:
        server = bench.Server(binary, folder)
        hook = {"type": "webhook", "name": "bench", "url": f"http://127.0.0.1:{receiver.server_port}/"}
        channel = server.post("/api/v1/channels", hook)["id"]
        for number in range(rules):
            server.post("/api/v1/alerts", {
                "site_id": bench.SITE, "name": f"probe-{number}", "channels": [channel], "cooldown": "1h",
                "condition": {"type": "event", "event": f"probe-{number}"},
            })
        seconds = rules // 20 + 10
        load = subprocess.Popen(
            [binary, "loadgen", "--url", server.url, "--key", server.key, "--site", bench.SITE, "--json",
             "--rate", str(rate), "--seconds", str(seconds), "--batch", "100", "--connections", "4"],
            stdout=subprocess.PIPE, text=True)
        time.sleep(5)
        accepted = probe(server, rules)
        output = load.communicate()[0]
        bench_load = json.loads(output.strip().splitlines()[-1])
        end = time.monotonic() + 30
        while len(Receiver.arrived) < rules and time.monotonic() < end:
            time.sleep(0.05)
        server.stop()
    receiver.shutdown()
    waits = sorted((Receiver.arrived[name] - at) * 1000 for name, at in accepted.items() if name in Receiver.arrived)
    at = lambda share: waits[min(len(waits) - 1, int(len(waits) * share))]
    return {"rate": rate, "load": bench_load["accepted"] / bench_load["seconds"], "rules": rules, "received": len(waits),
            "p50_ms": at(0.5), "p99_ms": at(0.99), "worst_ms": waits[-1]}


def probe(server, rules):
    """Sends each rule's event, 20 a second; when each was accepted."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    accepted = {}
    for number in range(rules):
        name = f"probe-{number}"
        event = [{"id": str(uuid.uuid4()), "name": name, "site": bench.SITE, "url": f"https://{bench.SITE}/"}]
        connection.request("POST", "/api/v1/events", json.dumps(event),
                           {"authorization": f"Bearer {server.key}", "content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 202:
            raise SystemExit(f"an event was not accepted: {answer.status}")
        accepted[name] = time.monotonic()
        time.sleep(0.05)
    return accepted


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(bench.ROOT / "target/release/opentrace"))
    arguments.add_argument("--rates", default="1000,10000")
    options = arguments.parse_args()
    for rate in options.rates.split(","):
        print(json.dumps(alerts(options.binary, int(rate))), flush=True)


if __name__ == "__main__":
    main()
