//! Measures of one's own in SQL.

use super::Value;
use super::builder::Builder;
use crate::measure::{Aggregate, Kind, Over, Value as Measured};

/// Fixed-point units of money in a whole one.
const MONEY: i64 = opentrace_events::money::SCALE;

impl Builder<'_> {
    /// The query's measure at this place.
    pub(super) fn measure(&mut self, place: u8) -> String {
        let query = self.context.query;
        match query.measures.get(usize::from(place)).map(|measure| &measure.value) {
            Some(Measured::Of(over)) => self.over(over),
            Some(Measured::Ratio(of, by)) => {
                let (of, by) = (self.over(of), self.over(by));
                format!("{of} / nullIf({by}, 0)")
            }
            // The parser numbers the measures that it lists.
            None => "NULL".to_owned(),
        }
    }

    /// A number over the events of a group, as a float or null.
    fn over(&mut self, over: &Over) -> String {
        let mut tests = self.filters(&over.filters);
        let (function, of) = match &over.kind {
            Kind::Events => ("count".to_owned(), None),
            Kind::Visitors => ("uniqExact".to_owned(), Some(self.event_column("visitor"))),
            Kind::Revenue => {
                let currency = self.currency();
                tests.push(format!("{} = {currency}", self.event_column("currency")));
                ("sum".to_owned(), Some(self.event_column("revenue")))
            }
            Kind::Property(aggregate, key) => {
                let key = self.bind(Value::Text(key.clone()));
                // Decimals, because a sum of floats depends on the order of its parts. Those alone would take `-`,
                // `e5` and `1.2.3` for numbers, too.
                let text = format!("{}[{key}]", self.event_column("props"));
                let number =
                    format!("if(isNull(toFloat64OrNull({text})), NULL, toDecimal128OrNull({text}, 6))");
                (function(*aggregate), Some(number))
            }
        };
        let test = if tests.is_empty() { "true".to_owned() } else { tests.join(" AND ") };
        let (name, level) = function.split_at(function.find('(').unwrap_or(function.len()));
        let arguments = of.into_iter().chain([test]).collect::<Vec<_>>().join(", ");
        let number = format!("toFloat64({name}If{level}({arguments}))");
        match over.kind {
            Kind::Revenue => format!("({number} / {MONEY})"),
            Kind::Property(Aggregate::Average, _) => format!("round({number}, 4)"),
            _ => number,
        }
    }
}

fn function(aggregate: Aggregate) -> String {
    match aggregate {
        Aggregate::Sum => "sum".to_owned(),
        Aggregate::Average => "avg".to_owned(),
        Aggregate::Min => "min".to_owned(),
        Aggregate::Max => "max".to_owned(),
        Aggregate::Percentile(thousandths) => format!("quantileExact(0.{thousandths:03})"),
    }
}
