//! `opentrace loadgen`: sends generated events to a server and measures what becomes of them.
//!
//! The pace is open: each request has a time at which it is due, and its latency counts from then,
//! whether or not the server let the request before it return in time. A server that stalls is seen
//! to stall.

mod bodies;
mod figures;
mod markers;
mod pace;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use url::{Host, Url};

use self::bodies::{Bodies, Pool};
use self::figures::Figures;
use self::pace::{Pace, Shape};
use super::import::ensure_site;
use super::{CliError, Globals, Remote};
use crate::cli::out::{put, say};
use crate::client::{Client, Retry, remote};

/// How long one request is offered to a server that is away or busy.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests per second that a slow pace is cut into.
const SMOOTH: u32 = 20;
/// Events of one request, where that is not given.
const BATCH: u32 = 500;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site that the events belong to
    #[arg(long, value_name = "DOMAIN")]
    site: String,
    /// Events per second; 0 sends as fast as it goes
    #[arg(long, value_name = "N")]
    rate: u32,
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// How the events are spread over time: `spike` has a tenth of the time at almost five times the
    /// rate, `late` has a fifth of the events up to two days late
    #[arg(long, value_enum, default_value_t = Shape::Steady)]
    shape: Shape,
    /// Events per request [default: 500, fewer at a slow rate]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: Option<u32>,
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// People on the site at once
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    visitors: u32,
    /// Also measure the time from accepted to visible in a query
    #[arg(long)]
    visible: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// Allow a target that is not this machine
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Sends, measures and prints.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let client = remote(&args.remote, globals)?.with_retry(Retry::lasting(PATIENCE));
    if !args.allow_remote && !is_loopback(client.base()) {
        return Err(CliError::Usage(format!(
            "{} is not this machine; --allow-remote allows it",
            client.base()
        )));
    }
    ensure_site(&client, &args.site, "UTC").await?;
    let figures = measure(&client, &args).await?;
    if args.json {
        say!("{}", figures.json());
    } else {
        put!("{figures}");
    }
    match figures.failed {
        0 => Ok(()),
        failed => Err(CliError::failed(format!(
            "{failed} events got no answer; the last error: {}",
            figures.last_error
        ))),
    }
}

async fn measure(client: &Client, args: &Args) -> Result<Figures, CliError> {
    let pool = Arc::new(Pool::new(&args.site)?);
    let plan = Arc::new(Plan {
        pace: Pace::new(args.rate, args.seconds, args.shape),
        batch: args.batch.unwrap_or_else(|| usual_batch(args.rate)),
        next: AtomicU64::new(0),
        start: Instant::now(),
    });
    let mut senders = JoinSet::new();
    for _ in 0..args.connections {
        let bodies = Bodies::new(Arc::clone(&pool), args.visitors / args.connections, args.shape);
        senders.spawn(send(client.clone(), Arc::clone(&plan), bodies));
    }
    let markers = args.visible.then(|| markers::start(client.clone(), &args.site));
    let mut figures = Figures::default();
    while let Some(sent) = senders.join_next().await {
        figures.add(sent.map_err(|source| CliError::because("a sender failed", source))?);
    }
    figures.seconds = plan.start.elapsed().as_secs_f64();
    if let Some(markers) = markers {
        figures.visible = Some(markers.finish().await?);
    }
    Ok(figures)
}

/// Large requests, unless they would come so rarely that the pace is jerky.
fn usual_batch(rate: u32) -> u32 {
    match rate {
        0 => BATCH,
        _ => (rate / SMOOTH).clamp(1, BATCH),
    }
}

/// What the senders share.
struct Plan {
    pace: Pace,
    batch: u32,
    /// Events given out.
    next: AtomicU64,
    start: Instant,
}

/// Sends one request after the other, each when it is due or as soon after as the last one allows.
async fn send(client: Client, plan: Arc<Plan>, mut bodies: Bodies) -> Figures {
    let mut figures = Figures::default();
    loop {
        let first = plan.next.fetch_add(u64::from(plan.batch), Ordering::Relaxed);
        let Some(due) = plan.pace.due(first, plan.start.elapsed()) else { return figures };
        let due = plan.start + due;
        sleep_until(due).await;
        let body = bodies.next(plan.batch);
        let since = if plan.pace.is_free() { Instant::now() } else { due };
        match client.send_events(body, false).await {
            Ok(answer) => figures.answered(&answer, since.elapsed()),
            Err(error) => figures.failed(plan.batch, error.to_string()),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_paces_have_small_requests() {
        assert_eq!([0, 1, 100, 10_000, 50_000].map(usual_batch), [500, 1, 5, 500, 500]);
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, want) in [
            ("http://127.0.0.1:8080/", true),
            ("http://127.9.9.9/", true),
            ("http://localhost/", true),
            ("http://[::1]:80/", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
            ("http://0.0.0.0/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).expect("an address")), want, "{url}");
        }
    }
}
