//! How much will a customer buy? BG/NBD for how often, gamma-gamma for how much each time.
//!
//! In:    per customer the number of repeat purchases, the times of the last purchase and of observation since
//!        the first one, and the mean value of the repeat purchases.
//! Out:   expected purchases in a time ahead, and the expected value of one; their product is the customer's
//!        value.
//! State: seven numbers.
//!
//! Method. Fader, Hardie and Lee, *Marketing Science* 24 (2005) and their note on gamma-gamma (2013), by
//! maximum likelihood (Nelder and Mead's search on logarithms, from a fixed start: deterministic).
//!
//! Wrong when: purchases are contracts that renew, or how much a customer spends depends on how often.

use crate::artefact::{Sound, holds, usable};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

/// Fewest customers, and fewest with repeat purchases.
const LEAST: usize = 20;
/// Steps of the search at most.
const STEPS: usize = 2_000;
/// Terms of the hypergeometric series at most.
const TERMS: usize = 10_000;

/// What a customer did, times in one unit, counted from the first purchase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Customer {
    /// Purchases after the first one.
    pub repeats: f64,
    /// Time of the last purchase.
    pub last: f64,
    /// Time until which the customer was observed.
    pub observed: f64,
    /// Mean value of the repeat purchases; of no meaning without any.
    pub value: f64,
}

/// The fitted models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lifetime {
    /// BG/NBD: `r`, `alpha`, `a`, `b`.
    pub purchases: [f64; 4],
    /// Gamma-gamma: `p`, `q`, `v`; none if too few purchases have a value.
    pub spend: Option<[f64; 3]>,
    /// Log-likelihood of the purchases.
    pub log_likelihood: f64,
}

impl Lifetime {
    /// Fits both models.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for numbers that are negative, not finite, or in the wrong order of time;
    /// [`Error::TooFew`] for fewer than 20 customers or nobody who came back.
    pub fn fit(customers: &[Customer]) -> Result<Lifetime> {
        for customer in customers {
            check(customer)?;
        }
        if customers.len() < LEAST {
            return Err(Error::TooFew { field: "customers", given: customers.len(), want: LEAST });
        }
        if customers.iter().all(|customer| customer.repeats == 0.0) {
            return Err(Error::TooFew { field: "customers who came back", given: 0, want: 1 });
        }
        // Times are scaled so that the search begins near its end whatever the unit.
        let unit = customers.iter().map(|customer| customer.observed).fold(0.0, f64::max) / 10.0;
        let scaled: Vec<(f64, f64, f64)> =
            customers.iter().map(|c| (c.repeats, c.last / unit, c.observed / unit)).collect();
        let loss = |p: &[f64; 4]| -> f64 { -scaled.iter().map(|c| purchase_likelihood(p, *c)).sum::<f64>() };
        let (mut purchases, _) = search([1.0; 4], loss);
        purchases[1] *= unit;
        let log_likelihood =
            customers.iter().map(|c| purchase_likelihood(&purchases, (c.repeats, c.last, c.observed))).sum();
        Ok(Lifetime { purchases, spend: spend(customers), log_likelihood })
    }

    /// Expected purchases within `ahead` from the end of observation.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] as in [`Lifetime::fit`], or for a time that is negative or not finite.
    pub fn purchases(&self, customer: &Customer, ahead: f64) -> Result<f64> {
        check(customer)?;
        if !(ahead >= 0.0 && ahead.is_finite()) {
            return Err(Error::OutOfRange { field: "ahead", given: ahead, want: "0 or more" });
        }
        let [r, alpha, a, b] = self.purchases;
        let Customer { repeats: x, last, observed, .. } = *customer;
        let z = ahead / (alpha + observed + ahead);
        let series = hypergeometric(r + x, b + x, a + b + x - 1.0, z);
        let growth = ((alpha + observed) / (alpha + observed + ahead)).powf(r + x);
        let above = (a + b + x - 1.0) / (a - 1.0) * (1.0 - growth * series);
        let gone =
            if x > 0.0 { a / (b + x - 1.0) * ((alpha + observed) / (alpha + last)).powf(r + x) } else { 0.0 };
        let expected = above / (1.0 + gone);
        // At a = 1 the formula is 0/0; nobody buys faster than someone who never leaves.
        let most = (r + x) / (alpha + observed) * ahead;
        Ok(if expected.is_finite() { expected.clamp(0.0, most) } else { most / (1.0 + gone) })
    }

    /// Expected value of a purchase: the customer's own mean, drawn to everybody's. None without values.
    pub fn spend(&self, customer: &Customer) -> Option<f64> {
        let [p, q, v] = self.spend?;
        let x = if customer.value > 0.0 { customer.repeats } else { 0.0 };
        let expected = p * (v + x * customer.value) / (p * x + q - 1.0);
        (expected.is_finite() && expected > 0.0).then_some(expected)
    }
}

impl Sound for Lifetime {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        let all = || self.purchases.iter().chain(self.spend.iter().flatten());
        holds(usable(all()) && all().all(|number| *number > 0.0), "a parameter is not above nought")
    }
}

fn check(customer: &Customer) -> Result<()> {
    let Customer { repeats, last, observed, value } = *customer;
    let fields = [("repeats", repeats), ("last", last), ("observed", observed), ("value", value)];
    for (field, given) in fields {
        if !(0.0..=1e12).contains(&given) {
            return Err(Error::OutOfRange { field, given, want: "between 0 and 1e12" });
        }
    }
    if observed <= 0.0 || last > observed {
        let want = "more than 0 and not before `last`";
        return Err(Error::OutOfRange { field: "observed", given: observed, want });
    }
    Ok(())
}

/// Log-likelihood of one customer (their equation 6).
fn purchase_likelihood([r, alpha, a, b]: &[f64; 4], (x, last, observed): (f64, f64, f64)) -> f64 {
    let first = ln_gamma(r + x) - ln_gamma(*r) + r * alpha.ln();
    let second = ln_gamma(a + b) + ln_gamma(b + x) - ln_gamma(*b) - ln_gamma(a + b + x);
    let alive = -(r + x) * (alpha + observed).ln();
    if x == 0.0 {
        return first + second + alive;
    }
    let left = a.ln() - (b + x - 1.0).ln() - (r + x) * (alpha + last).ln();
    let larger = alive.max(left);
    first + second + larger + ((alive - larger).exp() + (left - larger).exp()).ln()
}

/// Gamma-gamma over customers with valued repeat purchases.
fn spend(customers: &[Customer]) -> Option<[f64; 3]> {
    let valued: Vec<(f64, f64)> = customers
        .iter()
        .filter(|customer| customer.repeats > 0.0 && customer.value > 0.0)
        .map(|customer| (customer.repeats, customer.value))
        .collect();
    if valued.len() < LEAST {
        return None;
    }
    let unit = valued.iter().map(|(_, value)| value).sum::<f64>() / valued.len() as f64;
    let loss = |[p, q, v]: &[f64; 3]| -> f64 {
        let one = |(x, value): &(f64, f64)| {
            let m = value / unit;
            ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma(*q)
                + q * v.ln()
                + (p * x - 1.0) * m.ln()
                + p * x * x.ln()
                - (p * x + q) * (x * m + v).ln()
        };
        // A mean of all customers exists only for q above 1.
        let barrier = if *q <= 1.01 { 1e6 * (1.01 - q) } else { 0.0 };
        barrier - valued.iter().map(one).sum::<f64>()
    };
    let ([p, q, v], _) = search([2.0, 3.0, 1.0], loss);
    (q > 1.0).then_some([p, q, v * unit])
}

/// Gauss's series; converges since `z` is below 1.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..TERMS {
        let n = n as f64;
        term *= (a + n) * (b + n) / (c + n) / (n + 1.0) * z;
        sum += term;
        if term.abs() <= 1e-12 * sum.abs() {
            break;
        }
    }
    sum
}

/// Smallest `loss` over positive numbers: Nelder and Mead's simplex on their logarithms.
fn search<const N: usize>(start: [f64; N], loss: impl Fn(&[f64; N]) -> f64) -> ([f64; N], f64) {
    let at = |point: &[f64; N]| {
        let value = loss(&point.map(|log| log.clamp(-12.0, 12.0).exp()));
        if value.is_finite() { value } else { f64::MAX }
    };
    let start = start.map(f64::ln);
    let mut simplex: Vec<([f64; N], f64)> = (0..=N)
        .map(|corner| {
            let mut point = start;
            if corner > 0 {
                point[corner - 1] += 0.7;
            }
            (point, at(&point))
        })
        .collect();
    for _ in 0..STEPS {
        simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (simplex[0].1, simplex[N]);
        if (worst.1 - best).abs() <= 1e-10 * (best.abs() + 1e-10) {
            break;
        }
        let mut centre = [0.0; N];
        for (point, _) in &simplex[..N] {
            centre.iter_mut().zip(point).for_each(|(sum, value)| *sum += value / N as f64);
        }
        let moved = |by: f64| {
            let mut point = centre;
            point.iter_mut().zip(&worst.0).for_each(|(value, far)| *value += by * (*value - far));
            (point, at(&point))
        };
        let reflected = moved(1.0);
        simplex[N] = if reflected.1 < best {
            let expanded = moved(2.0);
            if expanded.1 < reflected.1 { expanded } else { reflected }
        } else if reflected.1 < simplex[N - 1].1 {
            reflected
        } else {
            let contracted = if reflected.1 < worst.1 { moved(0.5) } else { moved(-0.5) };
            if contracted.1 < worst.1.min(reflected.1) {
                contracted
            } else {
                let best = simplex[0].0;
                for corner in &mut simplex[1..] {
                    corner.0.iter_mut().zip(&best).for_each(|(value, best)| *value = (*value + best) / 2.0);
                    corner.1 = at(&corner.0);
                }
                continue;
            }
        };
    }
    simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
    (simplex[0].0.map(|log| log.clamp(-12.0, 12.0).exp()), simplex[0].1)
}
