//! Times in words: every expression becomes a half-open span on the site's clock.

pub(crate) mod calendar;
mod clock_time;
mod dates;
mod relative;
mod spans;
#[cfg(test)]
mod tests;

use self::calendar::{Clock, Span};
pub(crate) use self::relative::{Earlier, relative};
use super::tokens::Token;

/// What a time expression may mean, and where it ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct When {
    /// The place after its last token.
    pub(crate) end: usize,
    /// One span, or several where it can be read in several ways.
    pub(crate) spans: Vec<Span>,
    /// So many units from now on, where the time lies ahead.
    pub(crate) ahead: Option<(calendar::Unit, i64)>,
    /// The first of two times that were joined, and where it ends: what is compared stays apart.
    pub(crate) alone: Option<(usize, Span)>,
}

/// The longest time expression that begins at a token.
pub(crate) fn time(tokens: &[Token], at: usize, clock: &Clock) -> Option<When> {
    Reader { tokens, clock }.time(at)
}

/// Reads expressions; every method takes a place and returns what it read and the place after.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    tokens: &'a [Token],
    clock: &'a Clock,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is(word)))
    }

    /// The place after some words, where they stand there.
    fn words(&self, at: usize, words: &str) -> Option<usize> {
        let mut end = at;
        for word in words.split(' ') {
            if !self.is(end, &[word]) {
                return None;
            }
            end += 1;
        }
        Some(end)
    }

    /// The place after one of some phrases.
    fn any(&self, at: usize, phrases: &[&str]) -> Option<usize> {
        phrases.iter().filter_map(|phrase| self.words(at, phrase)).max()
    }

    /// The place after some words that may be left out.
    fn skip(&self, at: usize, words: &[&str]) -> usize {
        if self.is(at, words) { at + 1 } else { at }
    }

    fn number(&self, at: usize) -> Option<i64> {
        self.tokens.get(at)?.number()
    }

    fn year(&self, at: usize) -> Option<i16> {
        let token = self.tokens.get(at)?;
        let year: i16 = token.text.parse().ok()?;
        (token.text.len() == 4 && (1970..=2105).contains(&year)).then_some(year)
    }
}
