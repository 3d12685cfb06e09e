//! What became of every line.

use std::collections::BTreeMap;
use std::fmt;

use crate::client::{Collected, Rejected};

/// Counts of an import.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) lines: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    /// Lines that became no event, by reason.
    skipped: BTreeMap<String, Reason>,
    /// Events that the server did not take, by its code.
    rejected: BTreeMap<String, Reason>,
}

#[derive(Debug)]
struct Reason {
    lines: u64,
    /// The first such line: `FILE:NUMBER`, and what was wrong with it where that is known.
    first: String,
}

impl Report {
    /// What became of these many lines, the rejected ones left out.
    pub(super) fn of(lines: u64, answer: &Collected) -> Self {
        Self { lines, accepted: answer.accepted, duplicates: answer.duplicates, ..Self::default() }
    }

    /// Counts a line that becomes no event.
    pub(super) fn skip(&mut self, reason: &str, place: impl FnOnce() -> String) {
        count(&mut self.skipped, reason, place);
    }

    /// Counts an event that the server did not take.
    pub(super) fn reject(&mut self, rejected: &Rejected, place: impl FnOnce() -> String) {
        count(&mut self.rejected, &rejected.code, || format!("{}: {}", place(), rejected.message));
    }

    /// Adds what another part of the import counted.
    pub(super) fn add(&mut self, other: Report) {
        self.lines += other.lines;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        merge(&mut self.skipped, other.skipped);
        merge(&mut self.rejected, other.rejected);
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.values().map(|reason| reason.lines).sum()
    }

    fn skipped(&self) -> u64 {
        self.skipped.values().map(|reason| reason.lines).sum()
    }
}

fn count(reasons: &mut BTreeMap<String, Reason>, name: &str, first: impl FnOnce() -> String) {
    match reasons.get_mut(name) {
        Some(reason) => reason.lines += 1,
        None => drop(reasons.insert(name.to_owned(), Reason { lines: 1, first: first() })),
    }
}

fn merge(reasons: &mut BTreeMap<String, Reason>, others: BTreeMap<String, Reason>) {
    for (name, other) in others {
        match reasons.get_mut(&name) {
            Some(reason) => reason.lines += other.lines,
            None => drop(reasons.insert(name, other)),
        }
    }
}

impl fmt::Display for Report {
    /// A table: one row for each thing that became of lines, reasons indented beneath.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![
            ("lines".to_owned(), self.lines, ""),
            ("imported".to_owned(), self.accepted, ""),
            ("duplicates".to_owned(), self.duplicates, ""),
        ];
        for (name, total, reasons) in [
            ("skipped", self.skipped(), &self.skipped),
            ("rejected by the server", self.rejected(), &self.rejected),
        ] {
            rows.push((name.to_owned(), total, ""));
            let mut reasons: Vec<_> = reasons.iter().collect();
            reasons.sort_by_key(|(_, reason)| std::cmp::Reverse(reason.lines));
            rows.extend(
                reasons
                    .into_iter()
                    .map(|(name, reason)| (format!("  {name}"), reason.lines, reason.first.as_str())),
            );
        }
        let names = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let counts = rows.iter().map(|(_, count, _)| count.to_string().len()).max().unwrap_or(0);
        for (name, count, first) in rows {
            let first = if first.is_empty() { String::new() } else { format!("  first: {first}") };
            writeln!(f, "{name:<names$}  {count:>counts$}{first}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_by_weight_with_their_first_line() {
        let mut report = Report { lines: 112, accepted: 100, ..Report::default() };
        for number in 1..=10 {
            report.skip("asset", || format!("a.log:{number}"));
        }
        report.skip("bot", || "a.log:99".to_owned());
        let mut more = Report::default();
        more.skip("asset", || "b.log:1".to_owned());
        let rejected = Rejected { index: 0, code: "too_new".to_owned(), message: "a day ahead".to_owned() };
        more.reject(&rejected, || "b.log:2".to_owned());
        report.add(more);
        assert_eq!(
            report.to_string(),
            "lines                   112\n\
             imported                100\n\
             duplicates                0\n\
             skipped                  12\n\
             \u{20} asset                  11  first: a.log:1\n\
             \u{20} bot                     1  first: a.log:99\n\
             rejected by the server    1\n\
             \u{20} too_new                 1  first: b.log:2: a day ahead\n"
        );
    }
}
