//! Checks of the experiment statistics.
//!
//! `cargo run --release -p opentrace-models --example experiment -- cases <CASES >ANSWERS` answers one JSON
//! case a line; `benches/experiment.py` makes the cases and compares the answers with another program's.
//! `… -- aa [SEED]` measures how often the sequential and the fixed test find a difference between equals
//! when they are looked at 100 times.

#![allow(clippy::print_stdout)] // a program for the terminal

use opentrace_models::experiment::{
    Arm, Before, DEFAULT_TUNING, Prior, Scale, Sums, bayes, cuped, mismatch, sequential, welch,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::error::Error;
use std::io::BufRead;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("cases") => {
            for line in std::io::stdin().lock().lines() {
                println!("{}", answer(&serde_json::from_str(&line?)?)?);
            }
            Ok(())
        }
        Some("aa") => equal_arms(arguments.next().map_or(Ok(1), |seed| seed.parse())?),
        _ => Err("want `cases` or `aa`".into()),
    }
}

fn answer(case: &Value) -> Outcome<Value> {
    let number = |name: &str| case[name].as_f64().ok_or_else(|| format!("no number `{name}`"));
    let (control, variant) = arms(case)?;
    let scale = if case["relative"] == true { Scale::Relative } else { Scale::Absolute };
    let alpha = number("alpha")?;
    let fixed = welch(&control, &variant, scale, alpha)?;
    let always = sequential(&control, &variant, scale, alpha, number("tuning")?)?;
    let prior = match case["prior"].as_array().map(Vec::as_slice) {
        Some([mean, deviation]) => Prior::Normal {
            mean: mean.as_f64().ok_or("prior")?,
            deviation: deviation.as_f64().ok_or("prior")?,
        },
        _ => Prior::Flat,
    };
    let belief = bayes(&control, &variant, scale, prior, alpha)?;
    let people = [count(&case["a"]["n"])?, count(&case["b"]["n"])?];
    let weights = [number("weight_a")?, number("weight_b")?];
    Ok(json!({
        "estimate": fixed.estimate, "low": fixed.interval.0, "high": fixed.interval.1, "p": fixed.p,
        "seq_low": always.interval.0, "seq_high": always.interval.1, "seq_p": always.p,
        "mean": belief.mean, "deviation": belief.deviation, "chance": belief.chance_to_win,
        "bayes_low": belief.interval.0, "bayes_high": belief.interval.1,
        "risk_control": belief.risk_of_control, "risk_variant": belief.risk_of_variant,
        "srm": mismatch(&people, &weights)?.p,
    }))
}

fn arms(case: &Value) -> Outcome<(Arm, Arm)> {
    let (a, b) = (&case["a"], &case["b"]);
    Ok(match case["kind"].as_str() {
        Some("proportion") => (proportion(a)?, proportion(b)?),
        Some("mean") => (Arm::mean(sums(a, "y")?)?, Arm::mean(sums(b, "y")?)?),
        Some("ratio") => (ratio(a)?, ratio(b)?),
        Some("cuped") => cuped(&before(a)?, &before(b)?)?,
        _ => return Err("unknown kind".into()),
    })
}

fn proportion(arm: &Value) -> Outcome<Arm> {
    Ok(Arm::proportion(count(&arm["n"])?, count(&arm["successes"])?)?)
}

fn ratio(arm: &Value) -> Outcome<Arm> {
    Ok(Arm::ratio(sums(arm, "y")?, sums(arm, "x")?, float(&arm["products"])?)?)
}

fn before(arm: &Value) -> Outcome<Before> {
    let products = float(&arm["products"])?;
    Ok(Before { during: sums(arm, "y")?, before: sums(arm, "x")?, products })
}

fn sums(arm: &Value, name: &str) -> Outcome<Sums> {
    let (sum, squares) = (float(&arm[name][0])?, float(&arm[name][1])?);
    Ok(Sums { n: count(&arm["n"])?, sum, squares })
}

fn count(value: &Value) -> Outcome<u64> {
    value.as_u64().ok_or_else(|| format!("no count: {value}").into())
}

fn float(value: &Value) -> Outcome<f64> {
    value.as_f64().ok_or_else(|| format!("no number: {value}").into())
}

/// 10,000 experiments without a difference, 100 looks each, 100 people per arm between looks.
fn equal_arms(seed: u64) -> Outcome<()> {
    const EXPERIMENTS: usize = 10_000;
    let mut random = StdRng::seed_from_u64(seed);
    let (mut always, mut fixed) = (0, 0);
    for experiment in 0..EXPERIMENTS {
        let rate = 0.05 + 0.9 * experiment as f64 / EXPERIMENTS as f64;
        let (mut n, mut successes) = (0, [0_u64; 2]);
        let (mut found_always, mut found_fixed) = (false, false);
        for _ in 0..100 {
            n += 100;
            for arm in &mut successes {
                *arm += (0..100).filter(|_| random.random::<f64>() < rate).count() as u64;
            }
            let control = Arm::proportion(n, successes[0])?;
            let variant = Arm::proportion(n, successes[1])?;
            // An arm where nobody did it yet cannot be compared: no finding.
            let scale = Scale::Absolute;
            found_always |=
                sequential(&control, &variant, scale, 0.05, DEFAULT_TUNING).is_ok_and(|test| test.p <= 0.05);
            found_fixed |= welch(&control, &variant, scale, 0.05).is_ok_and(|test| test.p <= 0.05);
        }
        always += usize::from(found_always);
        fixed += usize::from(found_fixed);
    }
    let percent = |count: usize| 100.0 * count as f64 / EXPERIMENTS as f64;
    println!("{EXPERIMENTS} A/A experiments, 100 looks, seed {seed}, alpha 5 %");
    println!("false findings, sequential     {:5.2} %", percent(always));
    println!("false findings, Welch repeated {:5.2} %", percent(fixed));
    Ok(())
}
