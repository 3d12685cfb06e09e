//! Weeks in minutes: feeds the whole pipeline, from the log to ClickHouse, at a steady rate while its
//! clock runs fast, and writes down what is held in memory.
//!
//! ```text
//! soak [--rate 5000] [--days 60] [--minutes 15]
//! ```
//!
//! One line of JSON per simulated day and one at the end:
//! `{"day","events","lag","people","acts","known_visitors","interned","dedup_ids","cells","heap_mb","rss_mb"}`.
//! `heap` is what this process has allocated, without ClickHouse, which is a process of its own. The
//! log, deduplication, residents, dataflow, cells and their expiry are those of the program; HTTP and
//! validation, which keep nothing, are left out. `benches/soak.py` compares the last line with what
//! `docs/costs.md` predicts.
#![allow(clippy::print_stdout)] // a command-line tool

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cap::Cap;
use opentrace_benches::soak::feed::{Feed, definitions, sites};
use opentrace_benches::soak::time::FastClock;
use opentrace_events::Sites;
use opentrace_pipeline::{AppendError, Clock, Pipeline, PipelineConfig, SitePlan};
use opentrace_store::{Store, StoreConfig};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: Cap<mimalloc::MiMalloc> = Cap::new(mimalloc::MiMalloc, usize::MAX);

/// Events are appended this often.
const TICK: Duration = Duration::from_millis(100);

struct Options {
    rate: usize,
    days: u64,
    minutes: f64,
}

fn main() -> ExitCode {
    // The store starts this program again as the engine.
    if std::env::args().nth(1).as_deref() == Some("clickhouse-engine") {
        return opentrace_store::engine_main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&options()))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}", json!({ "error": error.to_string() }));
            ExitCode::FAILURE
        }
    }
}

fn options() -> Options {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, usual: f64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(usual)
    };
    Options {
        rate: value("--rate", 5_000.0) as usize,
        days: value("--days", 60.0) as u64,
        minutes: value("--minutes", 15.0),
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::embedded(folder.path().join("clickhouse")))?;
    store.ready().await?;
    let registry = Sites::default();
    sites().into_iter().for_each(|site| registry.put(site));
    let plans = registry.all().iter().map(|site| SitePlan::new(site, definitions(site.id))).collect();

    let lasting = Duration::from_secs_f64(options.minutes * 60.0);
    let clock = FastClock::new(Duration::from_secs(options.days * 86_400), lasting);
    let config =
        PipelineConfig { clock: Clock::new(move || clock.now_ms()), ..PipelineConfig::new(folder.path()) };
    let pipeline = Pipeline::start(config, store.clone(), registry, plans).await?;
    pipeline.settled().await?;

    let mut feed = Feed::new(7);
    let began = Instant::now();
    let (mut events, mut day) = (0, 0);
    line(&pipeline, &clock, events);
    while began.elapsed() < lasting {
        let due = (began.elapsed().as_secs_f64() * options.rate as f64) as usize;
        let batch = feed.take(due.saturating_sub(events), clock.now_ms());
        events += batch.len();
        append(&pipeline, batch).await?;
        if clock.days() as u64 > day {
            day = clock.days() as u64;
            line(&pipeline, &clock, events);
        }
        tokio::time::sleep(TICK).await;
    }
    pipeline.settled().await?;
    line(&pipeline, &clock, events);
    pipeline.stop().await?;
    store.stop().await;
    Ok(())
}

/// Appends, and waits where the log asks to.
async fn append(pipeline: &Pipeline, batch: Vec<opentrace_events::Event>) -> Result<(), AppendError> {
    loop {
        match pipeline.append(batch.clone()).await {
            Err(AppendError::Busy { .. }) => tokio::time::sleep(TICK).await,
            done => return done.map(drop),
        }
    }
}

fn line(pipeline: &Pipeline, clock: &FastClock, events: usize) {
    let status = pipeline.status();
    println!(
        "{}",
        json!({
            "day": (clock.days() * 100.0).round() / 100.0,
            "events": events,
            "lag": status.lag_events,
            "people": status.resident_people,
            "acts": status.resident_events,
            "known_visitors": status.known_visitors,
            "interned": status.interned,
            "dedup_ids": status.dedup_ids,
            "cells": status.cells,
            "heap_mb": (ALLOCATOR.allocated() as f64 / 1e4).round() / 100.0,
            "rss_mb": resident_megabytes(),
        })
    );
}

fn resident_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    (kilobytes.unwrap_or(0.0) / 10.24).round() / 100.0
}
