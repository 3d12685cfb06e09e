"""Did the change do anything? Statistics of A/B tests.

An :class:`Arm` sums up the people of one arm; the tests compare two. Look once with :func:`welch` or
:func:`proportions`, every day with :func:`sequential`; :func:`bayes` says how probable it is that the variant
is better, :func:`cuped` takes out noise that was there before, :func:`mismatch` checks the split, and
:func:`holm` and :func:`benjamini_hochberg` keep many results honest.

>>> welch(Arm.proportion(1000, 100), Arm.proportion(1000, 140)).p < 0.01
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentrace import _columns, _core
from opentrace._core import Mismatch, Posterior, Test

__all__ = [
    "Arm",
    "Mismatch",
    "Posterior",
    "Test",
    "bayes",
    "benjamini_hochberg",
    "cuped",
    "holm",
    "mismatch",
    "proportions",
    "sequential",
    "welch",
]


class Arm:
    """What the tests need of one arm: people, mean and variance."""

    def __init__(self, values: Any) -> None:
        """An arm of one number per person, for instance revenue."""
        self._core = _core.Arm.mean(_columns.numbers(values))

    @classmethod
    def _of(cls, core: _core.Arm) -> Arm:
        arm = cls.__new__(cls)
        arm._core = core
        return arm

    @classmethod
    def proportion(cls, n: int, successes: int) -> Arm:
        """An arm in which `successes` of `n` people did the thing."""
        return cls._of(_core.Arm.proportion(n, successes))

    @classmethod
    def sums(cls, n: int, total: float, squares: float) -> Arm:
        """An arm of one number per person, from the number of people, the sum and the sum of squares."""
        return cls._of(_core.Arm.sums(n, total, squares))

    @classmethod
    def ratio(cls, numerator: Any, denominator: Any) -> Arm:
        """An arm of a ratio of two sums over the same people, for instance clicks by visits."""
        return cls._of(_core.Arm.ratio(_columns.numbers(numerator), _columns.numbers(denominator)))

    def __repr__(self) -> str:
        return repr(self._core)


def welch(control: Arm, variant: Arm, *, relative: bool = False, alpha: float = 0.05) -> Test:
    """Welch's t-test for one look; `relative` tells the difference as a share of the control's mean."""
    return _core.welch(control._core, variant._core, relative, alpha)


def proportions(control: tuple[int, int], variant: tuple[int, int], *, alpha: float = 0.05) -> Test:
    """The pooled z-test of two proportions, each as `(people, successes)`, for one look."""
    return _core.proportions(control, variant, alpha)


def sequential(
    control: Arm, variant: Arm, *, relative: bool = False, alpha: float = 0.05, tuning: float | None = None
) -> Test:
    """A test that may be looked at after every visitor; stop at the first `p` of at most `alpha`.

    `tuning` is the number of people at which the answer will most likely be wanted, 5,000 if left out; it must
    be fixed before the first look.
    """
    return _core.sequential(control._core, variant._core, relative, alpha, tuning)


def bayes(
    control: Arm,
    variant: Arm,
    *,
    relative: bool = False,
    prior: tuple[float, float] | None = None,
    alpha: float = 0.05,
) -> Posterior:
    """What is believed of the difference after the data; `prior` is a mean and a standard deviation."""
    return _core.bayes(control._core, variant._core, relative, prior, alpha)


def cuped(control: tuple[Any, Any], variant: tuple[Any, Any]) -> tuple[Arm, Arm]:
    """Both arms without the part of their difference that was there before the experiment.

    Each is given as numbers per person during and before the experiment, the same people in both.
    """

    def numbers(pair: tuple[Any, Any]) -> Any:
        return _columns.numbers(pair[0]), _columns.numbers(pair[1])

    one, other = _core.cuped(numbers(control), numbers(variant))
    return Arm._of(one), Arm._of(other)


def mismatch(people: Sequence[int], weights: Sequence[float] | None = None) -> Mismatch:
    """Did people arrive in the arms as planned (`weights`, in any unit; even if left out)?"""
    counts = [int(count) for count in people]
    return _core.mismatch(counts, [1.0] * len(counts) if weights is None else [float(w) for w in weights])


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values: the chance of even one false finding stays below alpha."""
    return _core.holm([float(one) for one in p])


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values: the expected share of false findings stays below alpha."""
    return _core.benjamini_hochberg([float(one) for one in p])
