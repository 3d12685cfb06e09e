"""Recommendations: what will this person look at or buy next?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

from opentrace import _columns, _core
from opentrace.models._base import Model
from opentrace.table import Table


class Recommender(Model[_core.Recommender]):
    """The items most likely to follow those that somebody had, learned from what others had together.

    >>> pairs = {"user": [1, 1, 2, 2, 3, 3] * 9, "item": ["tea", "cup", "tea", "cup", "nail", "saw"] * 9}
    >>> Recommender().fit(pairs).recommend(["tea"], k=1)
    [('cup', ...)]

    Parameters
    ----------
    user, item
        Columns of the tables that are given.
    """

    kinds: ClassVar[tuple[str, ...]] = ("recommend",)

    def __init__(self, *, user: str = "user", item: str = "item") -> None:
        self.user = user
        self.item = item

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learns from a table with a row per person and item; how often does not matter, `y` is not used."""
        people, _ = _columns.coded(_columns.labels(_columns.column(X, self.user)))
        had, items = _columns.coded(_columns.labels(_columns.column(X, self.item)))
        self._core = _core.Recommender.fit(people, had, items)
        return self

    def recommend(self, items: Iterable[Any], k: int = 10) -> list[tuple[str, float]]:
        """The `k` best items for somebody who has `items`, with their scores, without those items."""
        return self._fitted().recommend([[str(item) for item in items]], k)[0]

    def predict(self, X: Any, k: int = 10) -> Table:
        """The `k` best items for each person in a table of people and items: a row per person and rank."""
        users = _columns.labels(_columns.column(X, self.user))
        items = _columns.labels(_columns.column(X, self.item))
        baskets: dict[Any, list[str]] = {}
        for user, item in zip(users, items, strict=True):
            baskets.setdefault(user, []).append(str(item))
        best = self._fitted().recommend(list(baskets.values()), k)
        rows = [
            {self.user: user, "rank": rank, self.item: item, "score": score}
            for user, ranked in zip(baskets, best, strict=True)
            for rank, (item, score) in enumerate(ranked, start=1)
        ]
        return Table.of_rows(rows)

    def score(self, X: Any, k: int = 10) -> float:
        """Hit rate at `k`: each item of each person is hidden once; the share that is among the `k` best of
        the others."""
        users = _columns.labels(_columns.column(X, self.user))
        items = _columns.labels(_columns.column(X, self.item))
        baskets: dict[Any, dict[str, None]] = {}
        for user, item in zip(users, items, strict=True):
            baskets.setdefault(user, {})[str(item)] = None
        cases = [(list(basket), hidden) for basket in baskets.values() if len(basket) > 1 for hidden in basket]
        if not cases:
            raise ValueError("nobody has two items, so none can be hidden")
        asked: list[list[str]] = [[item for item in basket if item != hidden] for basket, hidden in cases]
        best = self._fitted().recommend(asked, k)
        hits = sum(hidden in dict(ranked) for (_, hidden), ranked in zip(cases, best, strict=True))
        return hits / len(cases)

    @property
    def items_(self) -> list[str]:
        """The items that were learned."""
        return self._fitted().items

    @classmethod
    def _read(cls, folder: Path) -> _core.Recommender:
        return _core.Recommender.load(folder)
