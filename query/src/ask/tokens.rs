//! From the text of a question to words.
//!
//! A word is what other words are compared with: lower case, without accents of typography, split
//! where a value of a site might be written with or without a separator (`sign-up`, `spring_sale`).
//! Paths, quoted text and numeric dates stay whole, because they are given letter by letter.

use super::time::calendar::Unit;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, or letters and digits.
    Word,
    /// Begins with a digit: `7`, `24h`, `8am`, `10:30`, `2026-03-01`, `3/4`.
    Number,
    /// Begins with a slash.
    Path,
    /// Was written between quotes.
    Quoted,
    /// One of `, ? ! = > : ( ) & % +` or an arrow, written `>`.
    Mark,
}

/// A piece of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Lower case; what is compared.
    pub(crate) text: String,
    /// As it was written.
    pub(crate) raw: String,
    /// Whether no space stands before it.
    pub(crate) glued: bool,
    /// What it was read as, where it was misspelt.
    pub(crate) misspelt: Option<String>,
}

impl Token {
    fn new(kind: Kind, raw: &str, glued: bool) -> Self {
        let text =
            if kind == Kind::Path || kind == Kind::Quoted { raw.to_owned() } else { raw.to_lowercase() };
        Self { kind, text, raw: raw.to_owned(), glued, misspelt: None }
    }

    /// Whether the token is this word.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind != Kind::Quoted && self.text == word
    }

    /// A whole number, in digits or in words.
    pub(crate) fn number(&self) -> Option<i64> {
        match self.kind {
            Kind::Number => self.text.parse().ok().filter(|number| (0..=1_000_000).contains(number)),
            Kind::Word => in_words(&self.text),
            _ => None,
        }
    }
}

const IN_WORDS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

fn in_words(word: &str) -> Option<i64> {
    match word {
        "thirty" => Some(30),
        "sixty" => Some(60),
        "ninety" => Some(90),
        "hundred" => Some(100),
        _ => IN_WORDS.iter().position(|known| *known == word).map(|place| place as i64),
    }
}

/// Every number word, so that spelling does not turn one into something else.
pub(crate) fn number_words() -> impl Iterator<Item = &'static str> {
    IN_WORDS.into_iter().chain(["thirty", "sixty", "ninety", "hundred"])
}

/// Splits a question. At most `limit` tokens, the rest is left out.
pub(crate) fn tokens(text: &str, limit: usize) -> Vec<Token> {
    let text: String = text
        .chars()
        .map(|letter| match letter {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '`' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{00ab}' | '\u{00bb}' => '"',
            '\u{2013}' | '\u{2014}' => '-',
            '\u{2192}' | '\u{203a}' => '>',
            other => other,
        })
        .collect();
    let mut tokens = Vec::new();
    for piece in pieces(&text) {
        let (first, rest) = match piece {
            Piece::Quoted(text) => {
                tokens.push(Token::new(Kind::Quoted, text, false));
                continue;
            }
            Piece::Plain(text) => (tokens.len(), text),
        };
        split(rest, &mut tokens);
        if let Some(token) = tokens.get_mut(first) {
            token.glued = false;
        }
        if tokens.len() >= limit {
            break;
        }
    }
    tokens.truncate(limit);
    tokens
}

enum Piece<'a> {
    Quoted(&'a str),
    Plain(&'a str),
}

/// What stands between spaces, quoted text in one piece. A quote opens only where a word begins.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let inner = &rest[1..];
            let closed = inner.char_indices().find(|(at, letter)| {
                let after = inner[at + letter.len_utf8()..].chars().next();
                *letter == first && after.is_none_or(|after| !after.is_alphanumeric())
            });
            if let Some((end, _)) = closed
                && end > 0
            {
                pieces.push(Piece::Quoted(&inner[..end]));
                rest = inner[end + 1..].trim_start();
                continue;
            }
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        pieces.push(Piece::Plain(&rest[..end]));
        rest = rest[end..].trim_start();
    }
    pieces
}

/// A piece without spaces.
fn split(piece: &str, tokens: &mut Vec<Token>) {
    let mut rest = match piece.to_lowercase().as_str() {
        "w/o" => "without",
        "w/" => "with",
        _ => piece,
    };
    while let Some(first) = rest.chars().next() {
        let after_word =
            rest.len() < piece.len() && tokens.last().is_some_and(|last| last.kind == Kind::Word);
        let taken =
            if first == '/' && after_word && !tokens.last().is_some_and(|last| last.text.contains('.')) {
                // `visitors/day` is one per the other, `pages/posts` just two words.
                let after = rest[1..].to_lowercase();
                let per = Unit::of(&after).is_some()
                    || matches!(after.as_str(), "visitor" | "user" | "visit" | "session" | "person");
                if per {
                    tokens.push(Token::new(Kind::Word, "per", true));
                }
                1
            } else if first == '/' && rest.len() > 1 && !rest[1..].starts_with([',', '?', ')']) {
                let path = rest.trim_end_matches(['?', '!', ',', ';', ')', '.', '"']);
                let path = if path.is_empty() { "/" } else { path };
                tokens.push(Token::new(Kind::Path, path, true));
                path.len()
            } else if first == '/' {
                tokens.push(Token::new(Kind::Path, "/", true));
                1
            } else if first.is_ascii_digit() {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"/:.-".contains(c));
                let number = number_part(&rest[..end.unwrap_or(rest.len())]);
                tokens.push(Token::new(Kind::Number, number, true));
                // `2025's`
                let owned = rest[number.len()..].to_lowercase().starts_with("'s");
                number.len() + if owned { 2 } else { 0 }
            } else if first.is_alphanumeric() {
                word(rest, tokens)
            } else if first == '-' && dashes(piece, rest, tokens) {
                tokens.push(Token::new(Kind::Mark, "-", true));
                1
            } else if rest.starts_with("->") || rest.starts_with("=>") {
                tokens.push(Token::new(Kind::Mark, ">", true));
                2
            } else {
                // A hyphen, a full stop or an apostrophe by itself only separates.
                if ",?!=>:()&%+;<|*$#@^~[]{}\\".contains(first) || !first.is_ascii() {
                    tokens.push(Token::new(Kind::Mark, &rest[..first.len_utf8()], true));
                }
                first.len_utf8()
            };
        rest = &rest[taken..];
    }
}

/// Whether a hyphen stands for `to`: by itself, or between two numbers.
fn dashes(piece: &str, rest: &str, tokens: &[Token]) -> bool {
    let numbers = tokens.last().is_some_and(|last| last.kind == Kind::Number)
        && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    piece == "-" || numbers
}

/// How much of `text` is one number, date or time. Without what ends a sentence; two words joined by
/// a hyphen (`7-day`) are two, a date (`2026-03-01`) is one.
fn number_part(text: &str) -> &str {
    let text = text.trim_end_matches(['.', ':', '-', '/']);
    let digits = |c: char| c.is_ascii_digit();
    match text.find('-') {
        Some(at) if !text.chars().all(|c| digits(c) || c == '-' || c == ':' || c == 'T' || c == 't') => {
            &text[..at]
        }
        Some(at) if at != 4 => &text[..at],
        _ => text,
    }
}

/// Takes a word off the front: at hyphens and underscores it becomes several, an address stays one.
fn word(rest: &str, tokens: &mut Vec<Token>) -> usize {
    let inside = |c: char| c.is_alphanumeric() || "_-.'@/&".contains(c);
    let end = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
    let whole = rest[..end].trim_end_matches(['.', '-', '_', '\'', '/', '&']);
    if whole.contains('@') {
        tokens.push(Token::new(Kind::Word, whole, true));
        return whole.len();
    }
    if let Some(at) = whole.find(['/', '&']) {
        // `and/or`, `pages/posts`: two words.
        return word(&whole[..at], tokens);
    }
    let mut glued = true;
    for part in whole.split(['-', '_']).filter(|part| !part.is_empty()) {
        for part in unjoin(part) {
            tokens.push(Token::new(Kind::Word, part, glued));
            glued = true;
        }
    }
    whole.len().max(1)
}

/// Contractions become words: `what's` is `what` and `is`, `didn't` is `did` and `not`.
fn unjoin(part: &str) -> Vec<&str> {
    let lower = part.to_lowercase();
    let Some(at) = part.find('\'') else {
        return match lower.as_str() {
            "whats" => vec!["what", "is"],
            "wheres" => vec!["where", "is"],
            "hows" => vec!["how", "is"],
            "whos" => vec!["who", "is"],
            "didnt" => vec!["did", "not"],
            "dont" => vec!["do", "not"],
            "doesnt" => vec!["does", "not"],
            "isnt" => vec!["is", "not"],
            "arent" => vec!["are", "not"],
            _ => vec![part],
        };
    };
    let stem = &part[..at];
    match part[at..].to_lowercase().as_str() {
        "'s" if matches!(
            stem.to_lowercase().as_str(),
            "what" | "where" | "how" | "who" | "there" | "that" | "it"
        ) =>
        {
            vec![stem, "is"]
        }
        "'s" => vec![stem],
        "'re" => vec![stem, "are"],
        "'ve" => vec![stem, "have"],
        "'d" => vec![stem, "would"],
        "'ll" => vec![stem, "will"],
        "'m" => vec![stem, "am"],
        "'t" if lower == "can't" => vec!["can", "not"],
        "'t" if lower == "won't" => vec!["will", "not"],
        "'t" if stem.ends_with('n') && stem.is_ascii() => vec![&stem[..stem.len() - 1], "not"],
        _ => part.split('\'').filter(|part| !part.is_empty()).collect(),
    }
}

/// The words a name is made of: `spring_sale`, `fileDownload` and `Hacker News` are two each.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() || letter == '.' { letter } else { ' ' });
        before = letter;
    }
    spaced
        .split_whitespace()
        .map(|word| word.trim_matches('.').to_lowercase())
        .filter(|w| !w.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        tokens(question, 100).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn splits_what_people_write() {
        assert_eq!(texts("What's the bounce-rate?"), ["what", "is", "the", "bounce", "rate", "?"]);
        assert_eq!(texts("didn't sign-up"), ["did", "not", "sign", "up"]);
        assert_eq!(texts("/cart -> /checkout, 24h"), ["/cart", ">", "/checkout", ",", "24h"]);
        assert_eq!(texts("from 2026-02-01 to 3/4."), ["from", "2026-02-01", "to", "3/4"]);
        assert_eq!(texts("plan = \"Team Gold\""), ["plan", "=", "Team Gold"]);
        assert_eq!(texts("7-day trend"), ["7", "day", "trend"]);
        assert_eq!(texts("visitors’ devices"), ["visitors", "devices"]);
        assert_eq!(texts("a@b.example"), ["a@b.example"]);
    }

    #[test]
    fn names_become_words() {
        assert_eq!(words_of("fileDownload"), ["file", "download"]);
        assert_eq!(words_of("/blog/launch-week"), ["blog", "launch", "week"]);
        assert_eq!(words_of("Outbound Link: Click"), ["outbound", "link", "click"]);
    }
}
