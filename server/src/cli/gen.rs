//! `opentrace gen`: writes generated events, the same for the same seed.

mod places;
pub(super) mod story;
pub(super) mod traffic;
mod world;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;

use self::traffic::{Event, HOUR_MS, Traffic};
use super::out::Stdout;
use super::{CliError, Globals};

/// 2026-01-01: where generated time begins, so that a seed gives the same file on any day.
const BEGIN_MS: i64 = 1_767_225_600_000;
/// Visits on a day, about three events each.
const VISITS_PER_DAY: f64 = 100_000.0;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many; all of the days that are named where it is left out
    #[arg(long, value_name = "N", required_unless_present = "from")]
    events: Option<usize>,
    /// The first day, in UTC
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<Date>,
    /// The last day: the days between hold the same events whatever else is asked for
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<Date>,
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where to; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[arg(long, value_name = "DOMAIN", default_value = "demo.example")]
    site: String,
}

/// Writes one JSON object per line, in the order of time.
pub async fn run(args: Args, _: &Globals) -> Result<(), CliError> {
    let written = if args.output == Path::new("-") {
        write(&args, Stdout::default())
    } else {
        File::create(&args.output).and_then(|file| write(&args, file))
    };
    written.map_err(|source| CliError::because(format!("cannot write {}", args.output.display()), source))
}

fn write(args: &Args, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 20, to);
    let events: Box<dyn Iterator<Item = Event>> = match (args.from, args.to) {
        (Some(first), Some(last)) => Box::new(of_days(args.seed, &args.site, first, last)),
        _ => Box::new(endless(args.seed, &args.site)),
    };
    for event in events.take(args.events.unwrap_or(usize::MAX)) {
        serde_json::to_writer(&mut to, &event)?;
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// The events of a seed, without end.
pub(super) fn endless(seed: u64, site: &str) -> impl Iterator<Item = Event> {
    Traffic::new(seed, site, VISITS_PER_DAY).since(BEGIN_MS / HOUR_MS)
}

/// The events of some days of a seed, in order. Visits go on over midnight.
fn of_days(seed: u64, site: &str, first: Date, last: Date) -> impl Iterator<Item = Event> {
    let traffic = Traffic::new(seed, site, VISITS_PER_DAY);
    let days = first.series(1.day()).take_while(move |day| *day <= last);
    days.flat_map(move |day| {
        let begin = (day - Date::constant(1970, 1, 1)).get_days();
        let begin = i64::from(begin) * 24 * HOUR_MS;
        traffic.between(begin..begin + 24 * HOUR_MS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_same_one_by_one() {
        let ids = |first: &str, last: &str| -> Vec<_> {
            let (first, last) = (first.parse().expect("a date"), last.parse().expect("a date"));
            of_days(3, "a.example", first, last).map(|event| event.id).collect()
        };
        let both = ids("2025-03-01", "2025-03-02");
        assert_eq!([ids("2025-03-01", "2025-03-01"), ids("2025-03-02", "2025-03-02")].concat(), both);
        assert!(both.len() > 100_000);
    }

    fn file(events: usize, seed: u64) -> String {
        let args = Args {
            events: Some(events),
            from: None,
            to: None,
            seed,
            output: "-".into(),
            site: "a.example".to_owned(),
        };
        let mut text = Vec::new();
        write(&args, &mut text).expect("written");
        String::from_utf8(text).expect("UTF-8")
    }

    #[test]
    fn a_seed_is_a_file() {
        let first = file(3_000, 5);
        assert_eq!(first, file(3_000, 5));
        assert_ne!(first, file(3_000, 6));
        assert_eq!(first.lines().count(), 3_000);
    }

    #[test]
    fn every_line_is_an_event_that_servers_take() {
        for line in file(500, 1).lines() {
            let event = opentrace_events::NativeEvent::parse(line).expect("an event");
            assert!(event.id.is_some() && event.url.is_some() && event.ip.is_some());
        }
    }
}
