//! Statistics of experiments.

use numpy::PyReadonlyArray1;
use opentrace_models::experiment::{self, Before, Prior, Scale, Sums};
use opentrace_models::{Error, Result};
use pyo3::prelude::*;

use crate::error::raise;

type Read<'py> = PyReadonlyArray1<'py, f64>;

/// What the tests need of one arm.
#[pyclass(module = "opentrace._core", frozen, from_py_object)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arm(experiment::Arm);

#[pymethods]
impl Arm {
    /// An arm in which `successes` of `n` people did the thing.
    #[staticmethod]
    fn proportion(n: u64, successes: u64) -> PyResult<Self> {
        experiment::Arm::proportion(n, successes).map(Arm).map_err(raise)
    }

    /// An arm of one number per person.
    #[staticmethod]
    fn mean(values: Read<'_>) -> PyResult<Self> {
        experiment::Arm::mean(sums(&values)?).map(Arm).map_err(raise)
    }

    /// An arm of one number per person, from people, the sum, and the sum of squares.
    #[staticmethod]
    fn sums(n: u64, total: f64, squares: f64) -> PyResult<Self> {
        experiment::Arm::mean(Sums { n, sum: total, squares }).map(Arm).map_err(raise)
    }

    /// An arm of a ratio of two sums over the same people.
    #[staticmethod]
    fn ratio(numerator: Read<'_>, denominator: Read<'_>) -> PyResult<Self> {
        let products = products(&numerator, &denominator)?;
        experiment::Arm::ratio(sums(&numerator)?, sums(&denominator)?, products).map(Arm).map_err(raise)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// What a test found.
#[pyclass(module = "opentrace._core", frozen, get_all)]
#[derive(Debug)]
pub(crate) struct Test {
    estimate: f64,
    interval: (f64, f64),
    p: f64,
    error: f64,
}

#[pymethods]
impl Test {
    fn __repr__(&self) -> String {
        let Test { estimate, interval: (low, high), p, error } = self;
        format!("Test(estimate={estimate:.6}, interval=({low:.6}, {high:.6}), p={p:.6}, error={error:.6})")
    }
}

impl From<experiment::Test> for Test {
    fn from(test: experiment::Test) -> Self {
        let experiment::Test { estimate, interval, p, error } = test;
        Test { estimate, interval, p, error }
    }
}

/// What is believed after the data.
#[pyclass(module = "opentrace._core", frozen, get_all)]
#[derive(Debug)]
pub(crate) struct Posterior {
    mean: f64,
    deviation: f64,
    interval: (f64, f64),
    chance_to_win: f64,
    risk_of_control: f64,
    risk_of_variant: f64,
}

#[pymethods]
impl Posterior {
    fn __repr__(&self) -> String {
        let Posterior { mean, interval: (low, high), chance_to_win, .. } = self;
        format!("Posterior(mean={mean:.6}, interval=({low:.6}, {high:.6}), chance_to_win={chance_to_win:.4})")
    }
}

/// Whether people arrived in the arms as planned.
#[pyclass(module = "opentrace._core", frozen, get_all)]
#[derive(Debug)]
pub(crate) struct Mismatch {
    statistic: f64,
    p: f64,
    broken: bool,
}

#[pymethods]
impl Mismatch {
    fn __repr__(&self) -> String {
        let broken = if self.broken { "True" } else { "False" };
        format!("Mismatch(statistic={:.6}, p={:.6}, broken={broken})", self.statistic, self.p)
    }
}

#[pyfunction]
pub(crate) fn welch(control: Arm, variant: Arm, relative: bool, alpha: f64) -> PyResult<Test> {
    found(experiment::welch(&control.0, &variant.0, scale(relative), alpha))
}

#[pyfunction]
pub(crate) fn proportions(control: (u64, u64), variant: (u64, u64), alpha: f64) -> PyResult<Test> {
    found(experiment::proportions(control, variant, alpha))
}

#[pyfunction]
pub(crate) fn sequential(
    control: Arm,
    variant: Arm,
    relative: bool,
    alpha: f64,
    tuning: Option<f64>,
) -> PyResult<Test> {
    let tuning = tuning.unwrap_or(experiment::DEFAULT_TUNING);
    found(experiment::sequential(&control.0, &variant.0, scale(relative), alpha, tuning))
}

/// `prior` is the mean and the standard deviation of a normal belief; none is flat.
#[pyfunction]
pub(crate) fn bayes(
    control: Arm,
    variant: Arm,
    relative: bool,
    prior: Option<(f64, f64)>,
    alpha: f64,
) -> PyResult<Posterior> {
    let prior = prior.map_or(Prior::Flat, |(mean, deviation)| Prior::Normal { mean, deviation });
    let after = experiment::bayes(&control.0, &variant.0, scale(relative), prior, alpha).map_err(raise)?;
    Ok(Posterior {
        mean: after.mean,
        deviation: after.deviation,
        interval: after.interval,
        chance_to_win: after.chance_to_win,
        risk_of_control: after.risk_of_control,
        risk_of_variant: after.risk_of_variant,
    })
}

/// Both arms without the part of their difference that was there before; each is given by its numbers
/// during and before the experiment.
#[pyfunction]
pub(crate) fn cuped(control: (Read<'_>, Read<'_>), variant: (Read<'_>, Read<'_>)) -> PyResult<(Arm, Arm)> {
    let before = |(during, before): &(Read<'_>, Read<'_>)| -> PyResult<Before> {
        let products = products(during, before)?;
        Ok(Before { during: sums(during)?, before: sums(before)?, products })
    };
    let (control, variant) = (before(&control)?, before(&variant)?);
    let (control, variant) = experiment::cuped(&control, &variant).map_err(raise)?;
    Ok((Arm(control), Arm(variant)))
}

#[pyfunction]
pub(crate) fn mismatch(people: Vec<u64>, weights: Vec<f64>) -> PyResult<Mismatch> {
    let answer = experiment::mismatch(&people, &weights).map_err(raise)?;
    Ok(Mismatch { statistic: answer.statistic, p: answer.p, broken: answer.broken() })
}

#[pyfunction]
pub(crate) fn holm(p: Vec<f64>) -> PyResult<Vec<f64>> {
    experiment::holm(&p).map_err(raise)
}

#[pyfunction]
pub(crate) fn benjamini_hochberg(p: Vec<f64>) -> PyResult<Vec<f64>> {
    experiment::benjamini_hochberg(&p).map_err(raise)
}

fn found(test: Result<experiment::Test>) -> PyResult<Test> {
    test.map(Test::from).map_err(raise)
}

fn scale(relative: bool) -> Scale {
    if relative { Scale::Relative } else { Scale::Absolute }
}

fn sums(values: &Read<'_>) -> PyResult<Sums> {
    Ok(Sums::of(values.as_slice()?))
}

fn products(one: &Read<'_>, other: &Read<'_>) -> PyResult<f64> {
    let (one, other) = (one.as_slice()?, other.as_slice()?);
    if one.len() != other.len() {
        return Err(raise(Error::Shape { field: "people", given: other.len(), want: one.len() }));
    }
    Ok(one.iter().zip(other).map(|(a, b)| a * b).sum())
}
