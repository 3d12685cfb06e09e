"""Every notebook runs from top to bottom, and none is committed with outputs."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, Program
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_not_committed(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    left = [at for at, cell in enumerate(cells) if cell.get("outputs") or cell.get("execution_count")]
    assert left == [], "clear all outputs before committing"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(path, as_version=4)
    domain = f"{path.stem}.example"
    program.call("/api/v1/sites", {"domain": domain, "timezone": "Europe/Berlin", "identified": True})
    scopes = ["collect", "read", "write"]
    key = program.call("/api/v1/keys", {"name": path.stem, "site": domain, "scopes": scopes})["key"]
    monkeypatch.setenv("OPENTRACE_URL", program.url)
    monkeypatch.setenv("OPENTRACE_KEY", key)
    monkeypatch.setenv("OPENTRACE_SITE", domain)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    if folder := os.environ.get("OPENTRACE_NOTEBOOKS_OUT"):
        # For people who want to see what came out.
        nbformat.write(notebook, Path(folder) / path.name)
