"""The program as benchmarks and tests from outside run it: started on loopback, asked over HTTP, ended."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ADMIN = "bench-admin-token-0123456789abcdef"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Program:
    """A running `opentrace serve` on a folder of its own."""

    # Seconds that an answer may take.
    patience = 120

    def __init__(self, binary, folder, *flags):
        self.binary, self.folder = binary, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.launch(*flags)
        self.wait(lambda: self.get("/readyz"), 120)

    def launch(self, *flags, **environment):
        """Starts the program on the same folder and port, with further environment variables."""
        with open(Path(self.folder) / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.folder, *flags],
                env={**os.environ, "OPENTRACE_ADMIN_TOKEN": ADMIN, **environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def get(self, path):
        return self.call("GET", path, None)

    def post(self, path, body):
        return self.call("POST", path, json.dumps(body).encode())

    def call(self, method, path, body):
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Authorization", f"Bearer {ADMIN}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=self.patience) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            return text.decode()

    def wait(self, done, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
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

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
