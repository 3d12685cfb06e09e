//! What closing an epoch costs with 10,000 rules on one site, all of which watch what changed.

#![allow(missing_docs, reason = "the macros of criterion make public items")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use opentrace_alerts::evaluate::{Evaluator, NoBands};
use opentrace_alerts::rule::{Condition, Duration, Measure, Mute, Rule, RuleId};
use opentrace_alerts::series::{Cell, Grain, Key, SeriesId};
use uuid::Uuid;

const START: i64 = 1_700_000_000;

fn rule(number: u32) -> Arc<Rule> {
    Arc::new(Rule {
        id: RuleId(Uuid::from_u128(u128::from(number))),
        site: 1,
        name: "Rule".to_owned(),
        measure: Measure::sum(SeriesId(1 + number % 7)),
        condition: Condition::Above { value: f64::from(number) },
        window: Duration::of_seconds(300),
        grouping: None,
        hold: Duration::default(),
        hysteresis: 0.1,
        cooldown: Duration::of_seconds(600),
        minimum: 0,
        mute: Mute::default(),
        zone: TimeZone::UTC,
        created_at: 0,
    })
}

fn epochs(c: &mut Criterion) {
    c.bench_function("close an epoch with 10,000 rules of one site", |b| {
        let mut evaluator = Evaluator::restore((0..10_000).map(rule), [], []);
        let mut epoch = 0_u64;
        b.iter(|| {
            epoch += 1;
            let now = START + epoch.cast_signed();
            let cells: Vec<Cell> = (1..8)
                .map(|series| Cell {
                    site: 1,
                    series: SeriesId(series),
                    grain: Grain::Minute,
                    key: Key::whole(),
                    start: now / 60 * 60,
                    value: now % 60 * 40,
                })
                .collect();
            evaluator.close(epoch, now * 1000, &cells, &[], &NoBands)
        });
    });
}

criterion_group!(benches, epochs);
criterion_main!(benches);
