"""Predictions: will this person leave, convert, spend how much, and why?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opentrace import _columns, _core
from opentrace.errors import ColumnError, ShapeError
from opentrace.models._base import Model
from opentrace.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TARGET = "target"
"""Name of a target that has none."""


class _Predictor(Model[_core.Predictor]):
    """Regression and boosted trees, weighted and calibrated on rows that were held out."""

    def __init__(self, *, seed: int = 1) -> None:
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        """Learns `y` from the columns of `X`: the name of one of them, or a value per row.

        Columns are numbers or categories and may have missing values; none has to be encoded or scaled.
        Columns that never vary or that name rows are left out.
        """
        if isinstance(y, str):
            columns, rows = _columns.read(X)
            target = y
            if target not in dict(columns):
                raise ColumnError(f"column `{target}` is not in the table")
            y = _columns.column(X, target)
        else:
            columns, rows = _columns.read(X)
            target = str(getattr(y, "name", None) or _TARGET)
            while target in dict(columns):
                target += "_"
            columns.append((target, _columns.cells(target, y)))
            if _columns.rows_of(columns[-1][1]) != rows:
                raise ShapeError(f"`y` has {_columns.rows_of(columns[-1][1])} rows, want {rows}")
        core = _core.Predictor.fit(self.kinds[0], columns, rows, target, self.seed)
        self._check(core)
        self._core = core
        self._learned(core, y)
        return self

    def explain(self, X: Any) -> Table:
        """What each column added to the prediction of each row, with the ``base`` all rows start from.

        In log-odds for probabilities and in the unit of the target for values: a row's sum is what was
        predicted.
        """
        columns, rows = _columns.read(X)
        base, parts = self._fitted().explain(columns, rows)
        names = self.feature_names_in_
        return Table({"base": base} | {name: parts[:, at] for at, name in enumerate(names)})

    def plot(self, X: Any, *, row: int | None = None, top: int = 10, ax: Axes | None = None) -> Axes:
        """Draws which columns matter: mean absolute contributions, or those of one row."""
        from opentrace import plots

        return plots.contributions(self.explain(X), row=row, top=top, ax=ax)

    @property
    def metrics_(self) -> dict[str, float]:
        """Quality on rows that were held out in training."""
        return self._fitted().metrics

    @property
    def feature_names_in_(self) -> list[str]:
        """Columns that are read."""
        return self._fitted().columns

    @property
    def n_features_in_(self) -> int:
        """How many columns are read."""
        return len(self.feature_names_in_)

    @property
    def target_(self) -> str:
        """The column that is predicted."""
        return self._fitted().target

    def _predictions(self, X: Any) -> NDArray[np.float64]:
        columns, rows = _columns.read(X)
        return self._fitted().predict(columns, rows)

    def _check(self, core: _core.Predictor) -> None:
        """Refuses a core that predicts something else."""

    def _learned(self, core: _core.Predictor, y: Any) -> None:
        """Keeps what the target looked like."""

    @classmethod
    def _read(cls, folder: Path) -> _core.Predictor:
        return _core.Predictor.load(folder)

    def _loaded(self, core: _core.Predictor) -> None:
        self._check(core)
        self.seed = core.seed


class _Classifier(_Predictor):
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, calibrated: a column per class, in the order of ``classes_``."""
        positive = self._predictions(X)
        pair = np.column_stack([1 - positive, positive])
        return pair if self.classes_[1] == self.positive_ else pair[:, ::-1]

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class of each row."""
        likelier: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return likelier

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Log-odds of ``classes_[1]``."""
        chance = np.clip(self.predict_proba(X)[:, 1], 1e-12, 1 - 1e-12)
        return np.log(chance / (1 - chance))

    def score(self, X: Any, y: Any) -> float:
        """Share of rows whose class was predicted. For churn mind ``metrics_`` as well: where few leave,
        saying that nobody does is often right."""
        truth = _columns.labels(_columns.column(X, y) if isinstance(y, str) else y)
        return float(np.mean([a == b for a, b in zip(self.predict(X).tolist(), truth, strict=True)]))

    @property
    def positive_(self) -> Any:
        """The class whose probability is learned, such as ``"Yes"``."""
        return self._labels[1]

    @property
    def classes_(self) -> NDArray[Any]:
        """Both classes, sorted."""
        return np.array(sorted(self._labels, key=lambda label: (label is None, label)))

    @property
    def _labels(self) -> tuple[Any, Any]:
        """Negative and positive class, as the target had them."""
        self._fitted()
        negative, positive = self._known
        return negative, positive

    def _check(self, core: _core.Predictor) -> None:
        if not core.of_class:
            raise ColumnError(f"column `{core.target}` holds numbers, which is not what {type(self).__name__} predicts")

    def _learned(self, core: _core.Predictor, y: Any) -> None:
        assert core.classes is not None  # checked: a class is predicted
        words: dict[str, Any] = {_word(label): label for label in set(_columns.labels(y))}
        negative, positive = core.classes
        self._known = words.get(str(negative), negative), words.get(positive, positive)

    def _loaded(self, core: _core.Predictor) -> None:
        super()._loaded(core)
        assert core.classes is not None  # checked: a class is predicted
        negative, positive = core.classes
        # A model of an earlier version does not know the name of the other class.
        negative = f"not {positive}" if negative is None else negative
        numeric = {negative, positive} == {"0", "1"}
        self._known = (int(negative), int(positive)) if numeric else (negative, positive)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=False),
            input_tags=InputTags(categorical=True, string=True, allow_nan=True),
        )


class Churn(_Classifier):
    """The probability that somebody leaves.

    >>> model = Churn().fit(customers, "churned")  # doctest: +SKIP
    >>> model.predict_proba(customers)[:, 1]  # doctest: +SKIP

    Parameters
    ----------
    seed
        Of everything random: the same seed and data give the same model.
    """

    kinds: ClassVar[tuple[str, ...]] = ("churn",)


class Conversion(_Classifier):
    """The probability that somebody converts; as :class:`Churn`."""

    kinds: ClassVar[tuple[str, ...]] = ("conversion",)


class Value(_Predictor):
    """A number, such as the value of somebody's next purchase. See :class:`~opentrace.models.Lifetime` for
    the value of customers of whom only purchases are known."""

    kinds: ClassVar[tuple[str, ...]] = ("value",)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The value of each row, within what the training data held."""
        return self._predictions(X)

    def score(self, X: Any, y: Any) -> float:
        """Share of the variance of `y` that is explained."""
        truth = _columns.numbers(_columns.column(X, y) if isinstance(y, str) else y)
        misses = np.square(truth - self.predict(X)).sum()
        spread = np.square(truth - truth.mean()).sum()
        return float(1 - misses / spread) if spread > 0 else 0.0

    def _check(self, core: _core.Predictor) -> None:
        if core.of_class:
            raise ColumnError(f"column `{core.target}` holds two classes, which is not what Value predicts")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(categorical=True, string=True, allow_nan=True),
        )


def _word(label: Any) -> str:
    """How the models name a class: numbers as numbers, truth as 0 and 1."""
    if isinstance(label, bool | np.bool_):
        return str(int(label))
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)
