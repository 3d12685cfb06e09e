//! Tail probabilities and quantiles, to the last digits that `f64` holds.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::erf::erfc;
use std::f64::consts::{PI, SQRT_2};

/// P(Z > z) of the standard normal.
pub(super) fn normal_above(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

pub(super) fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// z with P(Z > z) = `p`, for 0 < p < 1.
pub(super) fn normal_quantile_above(p: f64) -> f64 {
    let start = -Normal::standard().inverse_cdf(p);
    polish(start, |z| normal_above(z) - p, normal_density)
}

/// P(T > t) of Student's t.
pub(super) fn student_above(t: f64, freedom: f64) -> f64 {
    if freedom > 1e4 && t.powi(4) < freedom {
        return student_above_near_normal(t, freedom);
    }
    StudentsT::new(0.0, 1.0, freedom).map_or_else(|_| normal_above(t), |law| law.sf(t))
}

/// Fisher's expansion around the normal (Metron 5, 1925; Abramowitz and Stegun 26.7): with many degrees of
/// freedom the library's beta function takes differences of large logarithms and loses nine digits.
fn student_above_near_normal(t: f64, freedom: f64) -> f64 {
    let square = t * t;
    let first = (square + 1.0) / 4.0;
    let second = (((3.0 * square - 7.0) * square - 5.0) * square - 3.0) / 96.0;
    let third = (((((square - 11.0) * square + 14.0) * square + 6.0) * square - 3.0) * square - 15.0) / 384.0;
    let correction = t * (first + (second + third / freedom) / freedom) / freedom;
    normal_above(t) + normal_density(t) * correction
}

/// t with P(T > t) = `p`, for 0 < p < 0.5. Bisection, because the library's inverse need not end.
pub(super) fn student_quantile_above(p: f64, freedom: f64) -> f64 {
    let mut high = 1.0;
    while student_above(high, freedom) > p && high < 1e30 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if student_above(middle, freedom) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Newton steps on a tail that is already almost right: the library's inverse stops early.
fn polish(start: f64, miss: impl Fn(f64) -> f64, density: impl Fn(f64) -> f64) -> f64 {
    let mut at = start;
    for _ in 0..4 {
        let step = miss(at) / density(at);
        if !step.is_finite() || step.abs() > 1.0 {
            break;
        }
        at += step;
    }
    at
}
