//! Customers' lifetimes: near the published estimates on CDNOW, the published example, and what cannot be.

#![allow(clippy::print_stderr)] // a skipped test says so

use opentrace_models::predict::{Customer, Lifetime};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Every tenth customer, 39 weeks of purchases by day (1997-01-01 is day 1).
fn cdnow() -> Option<Vec<Customer>> {
    let data = std::env::var("OPENTRACE_DATA").unwrap_or_else(|_| "../../shared/data".into());
    let text = std::fs::read_to_string(Path::new(&data).join("tabular/cdnow/CDNOW_master.txt")).ok()?;
    let mut days: BTreeMap<u32, BTreeMap<i64, f64>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [customer, date, _, value] = cells[..] else { continue };
        let day = day(date)?;
        if day <= 273 {
            *days.entry(customer.parse().ok()?).or_default().entry(day).or_default() +=
                value.parse::<f64>().ok()?;
        }
    }
    let customers = days.values().step_by(10).map(|days| {
        let (first, last) = (*days.keys().next().unwrap_or(&0), *days.keys().last().unwrap_or(&0));
        let repeats = days.len() as f64 - 1.0;
        let spent: f64 = days.values().skip(1).sum();
        Customer {
            repeats,
            last: (last - first) as f64 / 7.0,
            observed: (273 - first) as f64 / 7.0,
            value: if repeats > 0.0 { spent / repeats } else { 0.0 },
        }
    });
    Some(customers.collect())
}

fn day(date: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| date.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    Some((year - 1997) * 365 + before.get(month as usize - 1)? + day)
}

#[test]
fn estimates_are_near_those_of_the_published_sample() {
    let Some(customers) = cdnow() else {
        eprintln!("skipped: CDNOW is not in OPENTRACE_DATA");
        return;
    };
    assert_eq!(customers.len(), 2357);
    let model = Lifetime::fit(&customers).expect("a model");
    // Fader and Hardie drew another tenth: r 0.243, alpha 4.414, a 0.793, b 2.426, log-likelihood -9582.4.
    for (ours, published) in model.purchases.iter().zip([0.243, 4.414, 0.793, 2.426]) {
        assert!((ours - published).abs() < 0.2 * published, "{:?}", model.purchases);
    }
    assert!((model.log_likelihood / -9582.4 - 1.0).abs() < 0.03, "{}", model.log_likelihood);
    let spend = model.spend(&customers[0]).expect("a value");
    assert!((15.0..60.0).contains(&spend), "{spend}");
}

#[test]
fn the_published_example_comes_out() {
    let model = Lifetime { purchases: [0.243, 4.414, 0.793, 2.426], spend: None, log_likelihood: 0.0 };
    // Two purchases, the last after 30.43 weeks of 38.86: 1.226 more within 39 weeks.
    let example = Customer { repeats: 2.0, last: 30.43, observed: 38.86, value: 20.0 };
    assert!((model.purchases(&example, 39.0).expect("a number") - 1.226).abs() < 0.002);
}

#[test]
fn what_cannot_be_is_refused() {
    let good = Customer { repeats: 1.0, last: 2.0, observed: 5.0, value: 3.0 };
    let code = |customers: &[Customer]| Lifetime::fit(customers).expect_err("an error").code();
    assert_eq!(code(&[good; 5]), "too_few");
    assert_eq!(code(&[Customer { repeats: 0.0, ..good }; 30]), "too_few");
    assert_eq!(code(&[Customer { last: 6.0, ..good }; 30]), "out_of_range");
    assert_eq!(code(&[Customer { value: f64::NAN, ..good }; 30]), "out_of_range");
    assert_eq!(code(&[Customer { repeats: -1.0, ..good }; 30]), "out_of_range");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// Whatever customers did: finite expectations, more in a longer time.
    #[test]
    fn expectations_are_finite(
        people in prop::collection::vec((0u32..30, 0.0..1.0f64, 0.1..100.0f64, 0.0..500.0f64), 20..60),
    ) {
        let customers: Vec<Customer> = people
            .into_iter()
            .map(|(repeats, share, observed, value)| {
                let repeats = f64::from(repeats);
                Customer { repeats, last: if repeats > 0.0 { share * observed } else { 0.0 }, observed, value }
            })
            .collect();
        if let Ok(model) = Lifetime::fit(&customers) {
            for customer in &customers {
                let short = model.purchases(customer, 1.0).expect("a number");
                let long = model.purchases(customer, 10.0).expect("a number");
                prop_assert!(short.is_finite() && short >= 0.0 && long.is_finite() && long >= short - 1e-6, "{short} {long}");
                prop_assert!(model.spend(customer).is_none_or(|value| value.is_finite() && value > 0.0));
            }
        }
    }
}
