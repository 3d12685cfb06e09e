"""Sends the running program what its description allows, and what it does not: no answer may be a fault
of the server, and every answer must be of its schema.

Starts the program on loopback with a site and some events, has schemathesis (in a virtual environment that
is made once) read `/openapi.json`, and ends it again.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.append(str(ROOT / "benches"))
from program import ADMIN, Program  # noqa: E402

SITE = "api.example"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Streams never end; a test message leaves for the outside; the check of views waits for rest.
LEFT_OUT = ["live", "alerts.stream", "anomalies.stream", "channels.test", "verify"]
# The tool cannot list the corner cases of this body ("inconsistent results"); it is sent made-up ones.
NO_CORNERS = ["alerts.create"]


def environment(folder):
    """A virtual environment with what requirements.txt names."""
    wanted = (HERE / "requirements.txt").read_bytes()
    marker = folder / "made-of"
    if not marker.exists() or marker.read_text() != hashlib.sha256(wanted).hexdigest():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r",
                        HERE / "requirements.txt"], check=True)
        marker.write_text(hashlib.sha256(wanted).hexdigest())
    return folder / "bin" / "schemathesis"


class Described(Program):
    def fill(self):
        """A site with a week of events, and one of everything that can be defined."""
        self.post("/api/v1/sites", {"domain": SITE, "timezone": "Europe/Berlin", "identified": True})
        names = ["pageview", "pageview", "signup", "engagement"]
        now = datetime.now(timezone.utc)
        events = [{"name": names[place % 4], "site": SITE, "url": f"https://{SITE}/{place % 7}",
                   "user_id": f"user {place % 23}", "props": {"plan": ["free", "pro"][place % 2], "load": place % 90},
                   "ts": (now - timedelta(minutes=place * 31)).isoformat(), "country": "DE", "device": "Mobile",
                   "source": "Google", "scroll_depth": place % 100, "engagement_ms": place * 10}
                  for place in range(400)]
        assert self.post("/api/v1/events", events)["accepted"] == len(events)
        of_site = {"site_id": SITE}
        self.post("/api/v1/goals", {**of_site, "name": "Signed up", "event": "signup"})
        self.post("/api/v1/funnels", {**of_site, "name": "Way in", "steps": [{"page": "/1"}, "signup"]})
        self.post("/api/v1/retentions", {**of_site, "name": "Back", "start_event": "signup"})
        self.post("/api/v1/segments", {**of_site, "name": "German", "filters": [["is", "visit:country", ["DE"]]]})
        self.post("/api/v1/alerts", {**of_site, "name": "Busy", "metric": "pageviews", "channels": [],
                                     "condition": {"type": "above", "value": 5}})
        self.settle(120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--binary", default=target / "debug" / "opentrace")
    parser.add_argument("--examples", default="10", help="requests made up for each operation")
    parser.add_argument("--seed", default="1")
    args, more = parser.parse_known_args()
    tool = environment(target / "api-test")
    with tempfile.TemporaryDirectory() as folder:
        program = Described(args.binary, folder, "--set", "limits.questions_per_minute=0")
        try:
            program.fill()
            codes = []
            for phases, names in (("examples,fuzzing", LEFT_OUT), ("coverage", LEFT_OUT + NO_CORNERS)):
                left_out = [word for name in names for word in ("--exclude-operation-id", name)]
                # One worker: Python 3.11 cannot parse in two threads at once, which the tool does.
                done = subprocess.run(
                    [tool, "run", program.url + "/openapi.json", "--header", f"Authorization: Bearer {ADMIN}",
                     "--checks", CHECKS, "--max-examples", args.examples, "--seed", args.seed, "--workers", "1",
                     "--phases", phases, "--suppress-health-check", "all", "--warnings", "off",
                     "--request-timeout", "60", "--continue-on-failure", *left_out, *more],
                    cwd=folder, env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE),
                                     "OPENTRACE_API_SITE": SITE})
                codes.append(done.returncode)
            ended = program.process.poll()
        finally:
            program.stop()
    if ended is not None:
        raise SystemExit(f"the program ended with {ended}")
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
