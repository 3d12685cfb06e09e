//! What a segment is called: who its people are, where they are from, and what they have more or less of.
//!
//! `returning buyers from newsletter: 4.1× revenue`. Words for what people do and where they are from are those
//! of the features that visitors have; of other columns the column is named. Of equal differences the first counts,
//! so that the same differences always have the same name.

use super::model::Difference;

/// The standardised difference from which one is worth a word.
const NAMED_FROM: f64 = 0.4;
/// The share of a segment that must be from somewhere so that the segment is.
const MOST_OF: f64 = 0.5;
/// Fewer visits than this are one.
const ONCE: f64 = 1.5;
/// What is less than this of everybody's is not said as a factor, which would be 0.0.
const LEAST: f64 = 0.05;

/// The part of a name that a difference makes.
enum Word {
    /// What they do.
    Kind(&'static str),
    /// Who they are, if somebody in particular; what they have more of is said as well.
    People(&'static str),
    /// Where they are from.
    From(String),
    Other,
}

/// A name of the strongest differences; with `more` further ones, for one that is taken.
pub(super) fn name(differences: &[Difference], more: usize) -> String {
    let strong: Vec<&Difference> =
        differences.iter().filter(|one| one.strength.abs() >= NAMED_FROM).collect();
    let (mut kind, mut people, mut from, mut figure) = (None, None, None, None);
    let mut rest = Vec::new();
    for one in strong {
        match word(one) {
            Word::Kind(text) if kind.is_none() => kind = Some(text),
            Word::From(text) if from.is_none() => from = Some(text),
            Word::People(text) => {
                people = people.or(Some(text));
                if figure.is_none() { figure = Some(said(one)) } else { rest.push(one) }
            }
            _ if figure.is_none() && !is_category(one) => figure = Some(said(one)),
            _ => rest.push(one),
        }
    }
    // What people have is said before what they have not.
    rest.sort_by_key(|one| is_category(one) && one.strength < 0.0);
    let mut figures: Vec<String> = figure.into_iter().collect();
    let named = kind.is_some() || people.is_some() || from.is_some();
    let more = if named || !figures.is_empty() { more } else { more + 1 };
    figures.extend(rest.into_iter().take(more).map(said));
    let who = named.then(|| {
        let people = people.unwrap_or("visitors").to_owned();
        [kind.map(str::to_owned), Some(people), from].into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    match (who, figures.join(", ")) {
        (None, figures) if figures.is_empty() => "average".to_owned(),
        (None, figures) => figures,
        (Some(who), figures) if figures.is_empty() => who,
        (Some(who), figures) => format!("{who}: {figures}"),
    }
}

fn word(one: &Difference) -> Word {
    let more = one.strength > 0.0;
    if let Some((column, value)) = one.feature.split_once(" = ") {
        if !more || one.here < MOST_OF {
            return Word::Other;
        }
        return match column.trim_start_matches("first_").trim_start_matches("last_") {
            "source" | "channel" => Word::From(format!("from {value}")),
            "country" => Word::From(format!("in {value}")),
            "device" | "os" | "platform" => Word::From(format!("on {value}")),
            "browser" => Word::From(format!("with {value}")),
            "language" => Word::From(format!("speaking {value}")),
            _ => Word::Other,
        };
    }
    match (one.feature.as_str(), more) {
        ("purchases" | "revenue", true) => Word::People("buyers"),
        ("visits" | "visits_per_week" | "active_days", true) => Word::Kind("returning"),
        ("visits", false) if one.here < ONCE => Word::Kind("one-time"),
        ("days_since_last", true) => Word::Kind("lapsed"),
        ("days_known", false) => Word::Kind("new"),
        ("bounce_rate", true) => Word::Kind("bouncing"),
        ("pageviews" | "views_per_visit" | "seconds_per_visit" | "events", true) => Word::Kind("engaged"),
        _ => Word::Other,
    }
}

fn is_category(one: &Difference) -> bool {
    one.feature.contains(" = ")
}

/// How much of it they have, against everybody.
fn said(one: &Difference) -> String {
    let column = one.feature.replacen(" = ", " ", 1).replace('_', " ");
    match (is_category(one), one.here, one.overall) {
        (true, here, _) => format!("{:.0} % {column}", 100.0 * here),
        (false, here, overall) if overall > 0.0 && here >= LEAST * overall => {
            format!("{:.1}× {column}", here / overall)
        }
        (false, here, _) if here > 0.0 && one.strength < 0.0 => format!("very low {column}"),
        (false, ..) if one.strength > 0.0 => format!("high {column}"),
        _ => format!("low {column}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(differences: &[(&str, f64, f64, f64)], more: usize) -> String {
        let difference = |(feature, here, overall, strength): &(&str, f64, f64, f64)| Difference {
            feature: (*feature).to_owned(),
            here: *here,
            overall: *overall,
            strength: *strength,
        };
        name(&differences.iter().map(difference).collect::<Vec<_>>(), more)
    }

    #[test]
    fn segments_are_called_by_what_their_people_do_and_where_they_are_from() {
        let letter = [
            ("revenue", 41.0, 10.0, 1.9),
            ("first_source = newsletter", 0.93, 0.2, 1.8),
            ("last_source = newsletter", 0.9, 0.2, 1.7),
            ("visits", 8.0, 2.0, 1.5),
            ("device = Mobile", 0.4, 0.3, 0.2),
        ];
        assert_eq!(named(&letter, 0), "returning buyers from newsletter: 4.1× revenue");
        assert_eq!(
            named(&letter, 1),
            "returning buyers from newsletter: 4.1× revenue, 90 % last source newsletter"
        );
        let once =
            [("visits", 1.0, 4.0, -1.1), ("device = Mobile", 0.8, 0.3, 0.9), ("bounce_rate", 1.0, 0.5, 0.8)];
        assert_eq!(named(&once, 0), "one-time visitors on Mobile: 2.0× bounce rate");
        assert_eq!(named(&[("bounce_rate", 0.9, 0.5, 0.8)], 0), "bouncing visitors");
    }

    #[test]
    fn other_columns_are_named_as_they_are() {
        assert_eq!(
            named(&[("petal_width", 3.0, 1.5, 1.0), ("petal_length", 1.0, 4.0, -0.9)], 0),
            "2.0× petal width"
        );
        assert_eq!(named(&[("plan = pro", 0.93, 0.2, 1.0)], 0), "93 % plan pro");
        assert_eq!(named(&[("balance", -3.0, 1.0, -1.0)], 0), "low balance");
        assert_eq!(named(&[("churn_risk", 0.001, 0.5, -1.0)], 0), "very low churn risk");
        assert_eq!(named(&[("visits", 2.0, 2.0, 0.1)], 0), "average");
    }
}
