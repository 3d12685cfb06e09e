"""What the tests share: the program that runs, and numbers that are the same every time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from opentrace import Client

matplotlib.use("Agg")

ROOT = Path(__file__).parents[3]
ADMIN = "python-tests-admin-token-0123456789"


@pytest.fixture(scope="session")
def program_path() -> Path:
    """The program, as `scripts/test` built it."""
    path = Path(os.environ.get("OPENTRACE_BIN") or ROOT / "target/debug/opentrace")
    if not path.exists():
        pytest.fail(f"{path} is not there: cargo build --bin opentrace")
    return path


@dataclass
class Program:
    """A running `opentrace serve`."""

    path: Path
    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = (self.data.parent / "server.log").open("ab")
        self.process = subprocess.Popen(
            [str(self.path), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data)],
            env=os.environ | {"OPENTRACE_ADMIN_TOKEN": ADMIN},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    pytest.fail((self.data.parent / "server.log").read_text())
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def call(self, path: str, body: Any, key: str = ADMIN) -> Any:
        """Asks as an operator would."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path}: {error.read().decode()}")


@pytest.fixture(scope="session")
def program(program_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One running program for all tests; each test has a site of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Program(program_path, tmp_path_factory.mktemp("server") / "data", port)
    running.start()
    yield running
    running.stop()


_sites = iter(range(1000))


@pytest.fixture
def client(program: Program) -> Iterator[Client]:
    """A client with a key for a fresh site."""
    domain = f"site{next(_sites)}.example"
    program.call("/api/v1/sites", {"domain": domain, "timezone": "Europe/Berlin"})
    scopes = ["collect", "read", "write"]
    key = program.call("/api/v1/keys", {"name": "tests", "site": domain, "scopes": scopes})["key"]
    with Client(program.url, key, site=domain) as made:
        yield made


def hours(days: int, seed: int = 1) -> pd.Series[float]:
    """Traffic by the hour: days, weeks, and chance."""
    random = np.random.default_rng(seed)
    at = pd.date_range("2026-01-05", periods=24 * days, freq="h")
    level = 200 + 80 * np.sin((at.hour - 8) / 24 * 2 * np.pi) - 60 * (at.day_of_week >= 5)
    return pd.Series(random.poisson(level).astype(float), index=at, name="visits")


def customers(rows: int, seed: int = 1) -> pd.DataFrame:
    """Customers who mostly leave when they have many tickets."""
    random = np.random.default_rng(seed)
    tickets = random.integers(0, 10, rows)
    plan = random.choice(["basic", "pro", "team"], rows)
    odds = 0.6 * tickets - 2.5 - 1.2 * (plan == "pro")
    churned = random.random(rows) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "tickets": tickets,
            "plan": plan,
            "trial": random.random(rows) < 0.3,
            "spend": np.where(random.random(rows) < 0.1, np.nan, random.gamma(2, 20, rows)),
            "churned": np.where(churned, "Yes", "No"),
        }
    )
