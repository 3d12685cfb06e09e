//! ClickHouse's native format, as far as inserts need it: a count of columns and of rows, then each
//! column with its name, its type and all of its values.
//!
//! Columns of repeating words are sent with their dictionary, so that neither side handles a word
//! more than once per block. The client crate's own builder sends plain strings and takes three
//! times as long.

use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::HashMap;
use uuid::Uuid;

/// Values of one column, collected row by row.
pub(crate) trait Column<'a> {
    /// What a row gives.
    type Value;
    fn push(&mut self, value: Self::Value);
    /// The type as ClickHouse writes it.
    fn kind() -> &'static str;
    fn write(self, out: &mut Vec<u8>);
}

/// Writes the head of a block.
pub(crate) fn begin(out: &mut Vec<u8>, columns: usize, rows: usize) {
    varint(out, columns);
    varint(out, rows);
}

/// Writes one column of a block.
pub(crate) fn append<'a, C: Column<'a>>(out: &mut Vec<u8>, name: &str, column: C) {
    text(out, name);
    text(out, C::kind());
    column.write(out);
}

macro_rules! fixed {
    ($($name:ident($value:ty) = $kind:literal, $bytes:expr;)*) => {$(
        #[derive(Default)]
        pub(crate) struct $name(Vec<u8>);

        impl<'a> Column<'a> for $name {
            type Value = $value;

            fn push(&mut self, value: $value) {
                let bytes: fn($value) -> _ = $bytes;
                self.0.extend_from_slice(&bytes(value));
            }

            fn kind() -> &'static str {
                $kind
            }

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
        }
    )*};
}

fixed! {
    Bools(bool) = "Bool", |value| [u8::from(value)];
    U8s(u8) = "UInt8", u8::to_le_bytes;
    U16s(u16) = "UInt16", u16::to_le_bytes;
    U32s(u32) = "UInt32", u32::to_le_bytes;
    U64s(u64) = "UInt64", u64::to_le_bytes;
    I64s(i64) = "Int64", i64::to_le_bytes;
    Dates(i32) = "Date32", i32::to_le_bytes;
    Times(i64) = "DateTime64(3, 'UTC')", i64::to_le_bytes;
    Uuids(Uuid) = "UUID", |id| {
        // Two numbers, the upper half first, each with its low byte first.
        let (high, low) = id.as_u64_pair();
        ((u128::from(low) << 64) | u128::from(high)).to_le_bytes()
    };
}

/// Strings that seldom repeat.
#[derive(Default)]
pub(crate) struct Texts(Vec<u8>);

impl<'a> Column<'a> for Texts {
    type Value = &'a str;

    fn push(&mut self, value: &'a str) {
        text(&mut self.0, value);
    }

    fn kind() -> &'static str {
        "String"
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// Strings that often repeat: each once, then its number per row.
#[derive(Default)]
pub(crate) struct Words<'a> {
    numbers: HashMap<&'a str, u32>,
    dictionary: Vec<u8>,
    rows: Vec<u32>,
    /// The last row's word and number: neighbours are often alike.
    last: Option<(&'a str, u32)>,
}

impl<'a> Column<'a> for Words<'a> {
    type Value = &'a str;

    fn push(&mut self, value: &'a str) {
        let number = match self.last {
            Some((word, number)) if word == value => number,
            _ => self.number(value),
        };
        self.last = Some((value, number));
        self.rows.push(number);
    }

    fn kind() -> &'static str {
        "LowCardinality(String)"
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&Self::VERSION.to_le_bytes());
        self.write_body(out);
    }
}

impl<'a> Words<'a> {
    /// What stands before the words of a column.
    const VERSION: u64 = 1;

    fn write_body(self, out: &mut Vec<u8>) {
        const OWN_DICTIONARY: u64 = 1 << 9 | 1 << 10;
        let width: u64 = match self.numbers.len() {
            0..=0x100 => 0,
            0x101..=0x1_0000 => 1,
            _ => 2,
        };
        for number in [OWN_DICTIONARY | width, self.numbers.len() as u64] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.dictionary);
        out.extend_from_slice(&(self.rows.len() as u64).to_le_bytes());
        let bytes = 1 << width;
        for number in self.rows {
            out.extend_from_slice(&number.to_le_bytes()[..bytes]);
        }
    }

    fn number(&mut self, word: &'a str) -> u32 {
        // A block has at most as many words as rows, of which there are far fewer than 2³².
        let next = self.numbers.len() as u32;
        *self.numbers.entry(word).or_insert_with(|| {
            text(&mut self.dictionary, word);
            next
        })
    }
}

/// Words of one attribute of sets that many rows share, each with the number of its set: of a set that was
/// there before, the word need not be looked at. Sets are numbered in the order in which they come first.
#[derive(Default)]
pub(crate) struct SetWords<'a> {
    words: Words<'a>,
    /// The number of each set's word.
    of_set: Vec<u32>,
}

impl<'a> Column<'a> for SetWords<'a> {
    type Value = (usize, &'a str);

    fn push(&mut self, (set, word): Self::Value) {
        match self.of_set.get(set) {
            Some(number) => self.words.rows.push(*number),
            None => {
                self.words.push(word);
                self.of_set.extend(self.words.rows.last());
            }
        }
    }

    fn kind() -> &'static str {
        Words::kind()
    }

    fn write(self, out: &mut Vec<u8>) {
        self.words.write(out);
    }
}

/// Maps from string to string.
#[derive(Default)]
pub(crate) struct Maps {
    ends: Vec<u8>,
    keys: Vec<u8>,
    values: Vec<u8>,
    pairs: u64,
}

impl<'a> Column<'a> for Maps {
    type Value = &'a [(CompactString, CompactString)];

    fn push(&mut self, pairs: Self::Value) {
        for (key, value) in pairs {
            text(&mut self.keys, key);
            text(&mut self.values, value);
        }
        self.pairs += pairs.len() as u64;
        self.ends.extend_from_slice(&self.pairs.to_le_bytes());
    }

    fn kind() -> &'static str {
        "Map(String, String)"
    }

    fn write(self, out: &mut Vec<u8>) {
        for part in [self.ends, self.keys, self.values] {
            out.extend_from_slice(&part);
        }
    }
}

/// Lists of strings.
#[derive(Default)]
pub(crate) struct TextLists {
    ends: Vec<u8>,
    values: Vec<u8>,
    count: u64,
}

impl<'a> Column<'a> for TextLists {
    type Value = &'a [Arc<str>];

    fn push(&mut self, list: Self::Value) {
        list.iter().for_each(|value| text(&mut self.values, value));
        self.count += list.len() as u64;
        self.ends.extend_from_slice(&self.count.to_le_bytes());
    }

    fn kind() -> &'static str {
        "Array(String)"
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ends);
        out.extend_from_slice(&self.values);
    }
}

/// Lists of words that often repeat.
#[derive(Default)]
pub(crate) struct WordLists<'a> {
    ends: Vec<u8>,
    words: Words<'a>,
}

impl<'a> Column<'a> for WordLists<'a> {
    type Value = &'a [Arc<str>];

    fn push(&mut self, list: Self::Value) {
        list.iter().for_each(|word| self.words.push(word));
        self.ends.extend_from_slice(&(self.words.rows.len() as u64).to_le_bytes());
    }

    fn kind() -> &'static str {
        "Array(LowCardinality(String))"
    }

    fn write(self, out: &mut Vec<u8>) {
        // What comes before words stands before the ends; of no words nothing else is written.
        out.extend_from_slice(&Words::VERSION.to_le_bytes());
        out.extend_from_slice(&self.ends);
        if !self.words.rows.is_empty() {
            self.words.write_body(out);
        }
    }
}

macro_rules! lists {
    ($($name:ident($value:ty) = $kind:literal;)*) => {$(
        /// Lists of numbers.
        #[derive(Default)]
        pub(crate) struct $name {
            ends: Vec<u8>,
            values: Vec<u8>,
            count: u64,
        }

        impl<'a> Column<'a> for $name {
            type Value = &'a [$value];

            fn push(&mut self, list: Self::Value) {
                list.iter().for_each(|value| self.values.extend_from_slice(&value.to_le_bytes()));
                self.count += list.len() as u64;
                self.ends.extend_from_slice(&self.count.to_le_bytes());
            }

            fn kind() -> &'static str {
                $kind
            }

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.ends);
                out.extend_from_slice(&self.values);
            }
        }
    )*};
}

lists! {
    U32Lists(u32) = "Array(UInt32)";
    I64Lists(i64) = "Array(Int64)";
    TimeLists(i64) = "Array(DateTime64(3, 'UTC'))";
}

fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sent_once() {
        let mut words = Words::default();
        for word in ["a", "bc", "bc", "a"] {
            words.push(word);
        }
        let mut out = Vec::new();
        words.write(&mut out);
        assert_eq!(out[16..], *b"\x02\0\0\0\0\0\0\0\x01a\x02bc\x04\0\0\0\0\0\0\0\0\x01\x01\0");
    }

    #[test]
    fn words_of_sets_are_those_of_their_rows() {
        let (mut words, mut of_sets) = (Words::default(), SetWords::default());
        for (set, word) in [(0, "a"), (1, "bc"), (2, "a"), (1, "bc"), (3, ""), (0, "a"), (2, "a")] {
            words.push(word);
            of_sets.push((set, word));
        }
        let (mut plain, mut by_sets) = (Vec::new(), Vec::new());
        words.write(&mut plain);
        of_sets.write(&mut by_sets);
        assert_eq!(plain, by_sets);
    }

    #[test]
    fn long_texts_have_their_length() {
        let mut out = Vec::new();
        text(&mut out, &"x".repeat(300));
        assert_eq!((out.len(), &out[..2]), (302, &b"\xac\x02"[..]));
    }
}
