"""Customer lifetime value: how often, and for how much, will a customer buy?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opentrace import _columns, _core, _series
from opentrace.errors import ShapeError
from opentrace.models._base import Model
from opentrace.table import Table

_DAY_MS = 86_400_000
_COLUMNS = ("repeats", "last", "observed", "value")


class Lifetime(Model[_core.Lifetime]):
    """Customer lifetime value from purchases alone: BG/NBD for how often, gamma-gamma for how much.

    Tables hold a row per customer with ``repeats`` (purchases after the first), ``last`` and ``observed``
    (time of the last purchase and until which the customer was observed, since the first one) and ``value``
    (mean of the repeat purchases). :meth:`customers` makes one from purchases.

    >>> model = Lifetime(ahead=90).fit(Lifetime.customers(orders))  # doctest: +SKIP

    Parameters
    ----------
    ahead
        The time to look ahead, in the unit of ``observed`` (days, from :meth:`customers`).
    """

    kinds: ClassVar[tuple[str, ...]] = ("lifetime",)

    def __init__(self, ahead: float = 90) -> None:
        self.ahead = ahead

    @staticmethod
    def customers(
        orders: Any, *, customer: str = "customer", time: str = "time", value: str | None = "value", until: Any = None
    ) -> Table:
        """A row per customer from a row per purchase; times become days, purchases of one day become one.

        `until` is when observation ends, by default the last purchase of all.
        """
        names = _columns.labels(_columns.column(orders, customer))
        days = _series.millis(_columns.column(orders, time)) // _DAY_MS
        spent = _columns.numbers(_columns.column(orders, value)) if value else np.ones(len(days))
        end = int(_series.millis([until])[0] // _DAY_MS) if until is not None else int(days.max(initial=0))
        codes, _ = _columns.coded(names)
        known = list(dict.fromkeys(name for name, code in zip(names, codes, strict=True) if code >= 0))
        keep = (codes >= 0) & (days <= end)
        day_of, place = np.unique(np.column_stack([codes[keep], days[keep]]), axis=0, return_inverse=True)
        worth = np.bincount(place.ravel(), weights=spent[keep], minlength=len(day_of))
        who, first, purchases = np.unique(day_of[:, 0], return_index=True, return_counts=True)
        start, last = day_of[first, 1], day_of[first + purchases - 1, 1]
        later = np.bincount(day_of[:, 0], weights=worth, minlength=len(known))[who] - worth[first]
        repeats = purchases - 1
        return Table(
            {
                customer: np.array([known[code] for code in who], dtype=object),
                "repeats": repeats.astype(np.float64),
                "last": (last - start).astype(np.float64),
                "observed": (end - start).astype(np.float64),
                "value": np.divide(later, repeats, out=np.zeros(len(who)), where=repeats > 0),
            }
        )

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fits both models to a table of customers; `y` is not used.

        Customers who were not observed for any time after their first purchase say nothing and are left out.
        """
        columns = _customers(X)
        told = columns[2] > 0
        self._core = _core.Lifetime.fit(*(np.ascontiguousarray(one[told]) for one in columns))
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Expected value of each customer's purchases within `ahead`; NaN where purchases have no values."""
        table = self.forecast(X)
        worth: NDArray[np.float64] = table["purchases"] * table["spend"]
        return worth

    def forecast(self, X: Any, ahead: float | None = None) -> Table:
        """Expected number of ``purchases`` within `ahead` and ``spend`` on one, a row per customer."""
        repeats, last, observed, value = _customers(X)
        # Somebody seen for no time at all is as somebody seen for a moment.
        observed = np.maximum(observed, 1e-6)
        steps = self.ahead if ahead is None else ahead
        purchases, spend = self._fitted().predict((repeats, last, observed, value), float(steps))
        return Table({"purchases": purchases, "spend": spend})

    @property
    def params_(self) -> dict[str, float]:
        """Fitted parameters of both models."""
        core = self._fitted()
        spend = zip(("p", "q", "v"), core.spend or [], strict=False)
        return dict(zip(("r", "alpha", "a", "b"), core.purchases, strict=True)) | dict(spend)

    @property
    def log_likelihood_(self) -> float:
        """Log-likelihood of the purchases."""
        return self._fitted().log_likelihood

    @classmethod
    def _read(cls, folder: Path) -> _core.Lifetime:
        return _core.Lifetime.load(folder)


def _customers(X: Any) -> tuple[NDArray[np.float64], ...]:
    if isinstance(X, np.ndarray):
        if X.ndim != 2 or X.shape[1] != len(_COLUMNS):
            raise ShapeError(f"customers are rows of {', '.join(_COLUMNS)}")
        return tuple(np.ascontiguousarray(X[:, at], dtype=np.float64) for at in range(len(_COLUMNS)))
    return tuple(_columns.numbers(_columns.column(X, name)) for name in _COLUMNS)
