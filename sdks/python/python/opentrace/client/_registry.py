"""The models of a site on a server: pushed, compared, promoted, asked."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from opentrace import _columns
from opentrace.client._http import Http
from opentrace.client._stream import events
from opentrace.errors import ApiError
from opentrace.table import Table

if TYPE_CHECKING:
    from opentrace.models import Model

_ROWS = 1_000
"""Rows that one request may hold."""
_REASONS = 3
"""Contributions that are told of each prediction."""


@dataclass(frozen=True)
class Version:
    """A version of a model on a server."""

    id: str
    """Of the model."""
    name: str
    kind: str
    version: int


@dataclass(frozen=True)
class Trial:
    """How a promotion went: the merit of the candidate and of what was live, on people that neither was
    trained on. More is better; None where it was forced."""

    candidate: float | None
    live: float | None


class Registry:
    """The models of one site. Wherever a model is meant, its id or a :class:`Version` will do."""

    def __init__(self, http: Http, site: str | None) -> None:
        self._http = http
        self._site = site

    def list(self, *, site: str | None = None) -> Table:
        """A row per model: ``id``, ``name``, ``kind``, ``versions``, the number of what is ``live``, ``drift``."""
        models = self._http.get("/api/v1/models", {"site_id": self._asked(site)})["models"]
        names = ("id", "name", "kind", "versions", "live", "drift")
        rows = [{name: one.get(name) for name in names} for one in models]
        return Table.of_rows([row | {"live": (row["live"] or {}).get("version")} for row in rows])

    def versions(self, model: str | Version) -> Table:
        """A row per version: ``version``, ``stage``, ``rows``, ``seed``, and its metrics."""
        known = self._http.get(f"{_path(model)}/versions")["versions"]
        names = ("version", "stage", "rows", "seed")
        return Table.of_rows([{name: one.get(name) for name in names} | one.get("metrics", {}) for one in known])

    def push(self, model: Model[Any] | str | Path, name: str, *, site: str | None = None, **options: Any) -> Version:
        """Sends a model, fitted here or saved in a folder: a version of the model of this name, and a candidate
        until it is promoted.

        `options` say what it is about, as in :meth:`train`: ``days`` that churn, conversion and value look ahead,
        ``event`` of a conversion, ``metric``, ``granularity``, ``dimensions`` and ``horizon`` of a forecast. By
        them it is compared with what is live; without the metric a forecast is made live by force alone. Further
        versions are about the same.
        """
        lists = {name: ",".join(value) for name, value in options.items() if isinstance(value, list | tuple)}
        if isinstance(model, str | Path):
            archive = _packed(Path(model))
        else:
            with tempfile.TemporaryDirectory() as folder:
                archive = _packed(model.save(folder))
        said = self._http.call(
            "POST",
            "/api/v1/models",
            query={"site_id": self._asked(site), "name": name} | options | lists,
            body=archive,
            headers={"Content-Type": "application/x-tar"},
            repeatable=False,
        )
        return Version(str(said["id"]), str(said["name"]), str(said["kind"]), int(said["version"]))

    def train(self, kind: str, *, name: str | None = None, site: str | None = None, **options: Any) -> str:
        """Has the server train a model on what it keeps; answers the model's id. See :meth:`progress`."""
        body = {"site_id": self._asked(site), "kind": kind} | ({"name": name} if name else {}) | options
        return str(self._http.post("/api/v1/models", body, repeatable=False)["id"])

    def progress(self, model: str | Version) -> Iterator[dict[str, Any]]:
        """How a training goes, until it is over."""
        headers = {"Accept": "text/event-stream"}
        with self._http.stream(f"{_path(model)}/progress", headers=headers, silence=35.0) as response:
            for event in events(response):
                yield json.loads(event.data)

    def promote(self, model: str | Version, version: int | None = None, *, force: bool = False) -> Trial:
        """Makes a version live, if it is better than what is live on people that neither was trained on.

        Raises
        ------
        ConflictError
            With the code ``not_better`` if it is not. `force` makes it live in any case.
        """
        number = model.version if version is None and isinstance(model, Version) else version
        if number is None:
            raise ValueError("which version? Give `version`, or what `push` answered")
        said = self._http.post(f"{_path(model)}/promote", {"version": number, "force": force}, repeatable=False)
        return Trial(said.get("candidate"), said.get("live"))

    def predict(
        self,
        model: str | Version,
        X: Any = None,
        *,
        visitors: Sequence[str | int] | None = None,
        version: int | None = None,
        limit: int = 100,
    ) -> Table:
        """What the live version, or another, says of rows, of `visitors` of the site, or, without either, of the
        `limit` visitors for whom it predicts most.

        Just after :meth:`push` that version is meant, live or not.

        Returns
        -------
        ``prediction`` (of segments their ids, with ``name``), ``reasons`` (the columns that contributed most), and
        ``visitor`` where visitors were asked about, as the column of that name in ``Client.events``.
        """
        if version is None and isinstance(model, Version):
            version = model.version
        if X is not None and visitors is not None:
            raise ValueError("give rows or `visitors`, not both")
        said: list[dict[str, Any]] = []
        for part in _parts(X, visitors):
            body = part | ({"version": version} if version else {}) | ({"limit": limit} if not part else {})
            answer = self._http.post(f"{_path(model)}/predict", body)
            if "predictions" not in answer:
                kind = answer["model"]["kind"]
                raise ApiError(f"a model of the kind {kind} says nothing of rows", code="other_kind", status=200)
            said += answer["predictions"]
        named = any("name" in one for one in said)
        numbers = np.array([one["prediction"] for one in said], dtype=np.float64)
        columns: dict[str, Any] = {"visitor": [one["visitor"] for one in said]} if X is None else {}
        columns["prediction"] = numbers.astype(np.int64) if named else numbers
        if named:
            columns["name"] = [one.get("name") for one in said]
        if any("contributions" in one for one in said):
            columns["reasons"] = [_reasons(one.get("contributions", [])) for one in said]
        return Table(columns)

    def segments(self, *, site: str | None = None) -> Table:
        """The segments of the site's live model: ``id``, ``name``, ``size``, ``share``, ``explanation``."""
        said = self._http.post("/api/v1/clusters", {"site_id": self._asked(site)})
        names = ("id", "name", "size", "share", "explanation")
        rows = [{name: one[name] for name in names} for one in said["clusters"]]
        return Table.of_rows(rows, info={"model": said["model"]})

    def recommend(
        self, items: Sequence[str] = (), *, visitor: str | int | None = None, k: int = 10, site: str | None = None
    ) -> Table:
        """What the site's live model expects next of somebody who has looked at `items`, or of a visitor: ``item`` and
        ``score``, the best first."""
        body = {"site_id": self._asked(site), "items": list(items), "k": k}
        body |= {} if visitor is None else {"visitor": str(visitor)}
        said = self._http.post("/api/v1/recommend", body)
        columns = {name: [one[name] for one in said["items"]] for name in ("item", "score")}
        return Table(columns, info={"model": said["model"]})

    def delete(self, model: str | Version) -> None:
        """Removes a model, its versions, and what it said of visitors."""
        self._http.call("DELETE", _path(model))

    def find(self, name: str, *, site: str | None = None) -> str:
        """The id of the model of this name."""
        models = self.list(site=site)
        if "name" in models:
            for row in models.rows():
                if row["name"] == name:
                    return str(row["id"])
        raise ApiError(f"there is no model `{name}`", code="not_found", status=404)

    def _asked(self, site: str | None) -> str:
        asked = site or self._site
        if asked is None:
            raise ValueError("which site? Give `site` here or to the client")
        return asked


def _path(model: str | Version) -> str:
    return f"/api/v1/models/{quote(model.id if isinstance(model, Version) else model, safe='')}"


def _packed(folder: Path) -> bytes:
    """The files of a model as a tar archive, always the same bytes for the same model."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("model.json", "model.safetensors"):
            content = (folder / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _parts(X: Any, visitors: Sequence[str | int] | None) -> Iterator[dict[str, Any]]:
    """What is asked about, in as many requests as it takes."""
    if X is None and visitors is None:
        yield {}
        return
    name, asked = ("rows", list(_rows(X))) if visitors is None else ("visitors", [str(one) for one in visitors])
    for start in range(0, len(asked), _ROWS):
        yield {name: asked[start : start + _ROWS]}


def _reasons(contributions: Sequence[Mapping[str, Any]]) -> str:
    """As ``opentrace predict --explain`` writes them: ``tenure -1.20, Contract +0.80``."""
    return ", ".join(f"{one['feature']} {one['contribution']:+.2f}" for one in contributions[:_REASONS])


def _rows(X: Any) -> Iterator[dict[str, Any]]:
    columns = {name: _plain(cells) for name, cells in _columns.read(X)[0]}
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _plain(cells: Any) -> list[Any]:
    if isinstance(cells, tuple):
        codes, words = cells
        return [words[code] if code >= 0 else None for code in codes.tolist()]
    return [value if np.isfinite(value) else None for value in cells.tolist()]
