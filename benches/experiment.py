"""Compares the experiment statistics with PyPI's gbstats 0.8.0 on 1,000 seeded cases.

    python benches/experiment.py PROGRAM [SEED]

PROGRAM is the built example `experiment` of the crate opentrace-models; gbstats must be importable.
Prints the largest absolute difference of each figure, and fails above 1e-9.
"""

import json
import subprocess
import sys

import numpy as np
from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import (
    ProportionStatistic,
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
)
from gbstats.utils import check_srm

KINDS = ["proportion", "mean", "ratio", "cuped"]


def arm(rng, kind, n, rate, lift):
    if kind == "proportion":
        return {"n": n, "successes": int(np.clip(rng.binomial(n, rate * lift), 1, n - 1))}
    if kind == "ratio":
        x = 1.0 + rng.poisson(3, n)
        y = rng.binomial(x.astype(int), min(rate * lift, 1.0)).astype(float)
    else:
        x = rng.gamma(2.0, 5.0, n)
        y = (0.7 * x + rng.gamma(2.0, 4.0, n)) * lift
    pair = lambda v: [float(v.sum()), float((v * v).sum())]
    return {"n": n, "y": pair(y), "x": pair(x), "products": float((x * y).sum())}


def make(seed, count=1000):
    rng = np.random.default_rng(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        top = 1e7 if kind == "proportion" else 5e4
        n = int(np.exp(rng.uniform(np.log(30), np.log(top))))
        other = max(30, int(n * rng.uniform(0.9, 1.1)))
        # Effects near what such a size can see, so that p-values fill their range.
        lift = float(np.clip(1 + rng.normal(0, 3 / np.sqrt(n)), 0.5, 1.5))
        rate = float(rng.uniform(0.05, 0.6))
        yield {
            "kind": kind,
            "relative": bool(rng.random() < 0.5),
            "alpha": float(rng.choice([0.01, 0.05, 0.1, 0.2])),
            "tuning": float(rng.choice([500.0, 5000.0, 50000.0])),
            "prior": [float(rng.normal(0, 0.1)), float(rng.uniform(0.05, 1))] if rng.random() < 0.5 else None,
            "weight_a": 1.0,
            "weight_b": float(rng.uniform(0.95, 1.05)),
            "a": arm(rng, kind, n, rate, 1.0),
            "b": arm(rng, kind, other, rate, lift),
        }


def statistic(kind, a):
    n = a["n"]
    if kind == "proportion":
        return ProportionStatistic(n=n, sum=a["successes"])
    y = SampleMeanStatistic(n=n, sum=a["y"][0], sum_squares=a["y"][1])
    x = SampleMeanStatistic(n=n, sum=a["x"][0], sum_squares=a["x"][1])
    if kind == "mean":
        return y
    if kind == "ratio":
        return RatioStatistic(n=n, m_statistic=y, d_statistic=x, m_d_sum_of_products=a["products"])
    return RegressionAdjustedStatistic(
        n=n, post_statistic=y, pre_statistic=x, post_pre_sum_of_products=a["products"], theta=0
    )


def reference(case):
    scale = "relative" if case["relative"] else "absolute"
    pair = lambda: (statistic(case["kind"], case["a"]), statistic(case["kind"], case["b"]))
    fixed = TwoSidedTTest(*pair(), FrequentistConfig(difference_type=scale, alpha=case["alpha"])).compute_result()
    always = SequentialTwoSidedTTest(
        *pair(),
        SequentialConfig(
            difference_type=scale, alpha=case["alpha"], sequential_tuning_parameter=case["tuning"]
        ),
    ).compute_result()
    prior = GaussianPrior()
    if case["prior"]:
        prior = GaussianPrior(mean=case["prior"][0], variance=case["prior"][1] ** 2, proper=True)
    belief = EffectBayesianABTest(
        *pair(),
        EffectBayesianConfig(
            difference_type=scale, alpha=case["alpha"], prior_type=scale, prior_effect=prior
        ),
    ).compute_result()
    for result in (fixed, always, belief):
        assert result.error_message is None, result.error_message
    return {
        "estimate": fixed.expected, "low": fixed.ci[0], "high": fixed.ci[1], "p": fixed.p_value,
        "seq_low": always.ci[0], "seq_high": always.ci[1], "seq_p": always.p_value,
        "mean": belief.expected, "deviation": belief.uplift.stddev, "chance": belief.chance_to_win,
        "bayes_low": belief.ci[0], "bayes_high": belief.ci[1],
        "risk_control": belief.risk[0], "risk_variant": belief.risk[1],
        "srm": float(check_srm([case["a"]["n"], case["b"]["n"]], [case["weight_a"], case["weight_b"]])),
    }


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    cases = list(make(seed))
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([program, "cases"], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases)
    worst = {}
    for number, (case, answer) in enumerate(zip(cases, answers)):
        for name, want in reference(case).items():
            gap = abs(answer[name] - want)
            worst[name] = max(worst.get(name, (-1.0, 0)), (gap, number))
    print(f"{len(cases)} cases, seed {seed}: largest absolute difference to gbstats 0.8.0")
    for name, (gap, number) in worst.items():
        print(f"  {name:13} {gap:.1e}  (case {number}, {cases[number]['kind']})")
    largest = max(gap for gap, _ in worst.values())
    print(f"largest of all {largest:.1e}")
    sys.exit(0 if largest <= 1e-9 else 1)


main()
