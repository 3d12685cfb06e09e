//! Forgiving typos: a word that nobody knows becomes the known word it is nearest to.
//!
//! Only where one edit (two in long words) leads there, the first letter is right or swapped with the
//! second, and no other known word is as near. What was changed is said in the answer.

use super::lexicon;
use super::tokens::{Kind, Token};
use super::vocabulary::Vocabulary;
use crate::nearest::distance;

const SHORTEST: usize = 4;

/// Words as they are typed in a hurry.
const SHORT: &[(&str, &str)] = &[
    ("lst", "last"),
    ("ppl", "people"),
    ("wek", "week"),
    ("mnth", "month"),
    ("mth", "month"),
    ("mths", "months"),
    ("teh", "the"),
    ("yest", "yesterday"),
    ("tday", "today"),
    ("frm", "from"),
    ("hw", "how"),
    ("wat", "what"),
    ("wht", "what"),
    ("cmpare", "compare"),
    ("prev", "previous"),
    ("cnt", "count"),
    ("thx", "thanks"),
    ("gimme", "show"),
    ("rev", "revenue"),
    ("src", "source"),
    ("srcs", "sources"),
    ("cntry", "country"),
    ("ctry", "country"),
    ("qtr", "quarter"),
    ("qtrs", "quarters"),
    ("conv", "conversion"),
    ("ystrday", "yesterday"),
    ("ystd", "yesterday"),
    ("thru", "through"),
    ("abt", "about"),
    ("shw", "show"),
    ("vis", "visitors"),
    ("pgs", "pages"),
    ("usrs", "users"),
    ("camp", "campaign"),
    ("sess", "sessions"),
];

/// Corrects the tokens in place.
pub(crate) fn correct(tokens: &mut [Token], vocabulary: &Vocabulary) {
    for token in tokens.iter_mut().filter(|token| token.kind == Kind::Word) {
        let short = SHORT.iter().any(|(short, _)| *short == token.text) && !vocabulary.knows(&token.text);
        if !short && is_known(&token.text, vocabulary) {
            continue;
        }
        if let Some((_, right)) = SHORT.iter().find(|(short, _)| *short == token.text) {
            token.misspelt = Some((*right).to_owned());
            token.text = (*right).to_owned();
            continue;
        }
        if let Some(right) = nearest(&token.text, vocabulary) {
            token.misspelt = Some(right.clone());
            token.text = right;
        }
    }
}

fn is_known(word: &str, vocabulary: &Vocabulary) -> bool {
    word.chars().count() < SHORTEST
        || lexicon::WORDS.contains(word)
        || lexicon::GUARD.contains(word)
        || vocabulary.knows(word)
        || vocabulary.happenings().iter().any(|event| event.stems.contains(&super::stem::stem(word)))
}

fn nearest(word: &str, vocabulary: &Vocabulary) -> Option<String> {
    let length = word.chars().count();
    if length > 24 {
        return None;
    }
    let allowed = if length >= 8 { 2 } else { 1 };
    let mut letters = word.chars();
    let (first, second) = (letters.next(), letters.next());
    // The lexicon comes first: of two words as near, it is likelier to be meant.
    let of_the_lexicon = lexicon::WORDS.iter().map(|word| (*word, 0));
    let of_the_site = vocabulary.known().map(|word| (word, 1));
    let mut best: Option<(usize, usize, &str)> = None;
    let mut tied = false;
    for (known, rank) in of_the_lexicon.chain(of_the_site) {
        let known_length = known.chars().count();
        if known_length < SHORTEST || known_length.abs_diff(length) > allowed {
            continue;
        }
        let initial = known.chars().next();
        if initial != first && initial != second {
            continue;
        }
        let edits = distance(word, known);
        if edits > allowed {
            continue;
        }
        match best {
            Some((fewest, of, _)) if (edits, rank) > (fewest, of) => {}
            Some((fewest, of, other)) if (edits, rank) == (fewest, of) => tied |= other != known,
            _ => {
                best = Some((edits, rank, known));
                tied = false;
            }
        }
    }
    let (_, _, known) = best?;
    // Singular and plural of one word are no real tie.
    if tied { prefer(word, vocabulary, best?) } else { Some(known.to_owned()) }
}

/// Of several as near, the one that is the other's plural or singular, if they are one word.
fn prefer(word: &str, vocabulary: &Vocabulary, best: (usize, usize, &str)) -> Option<String> {
    let (edits, ..) = best;
    let all: Vec<&str> = lexicon::WORDS
        .iter()
        .copied()
        .chain(vocabulary.known())
        .filter(|known| {
            known.len().abs_diff(word.len()) <= edits
                && known.chars().next() == word.chars().next()
                && distance(word, known) == edits
        })
        .collect();
    let stem = super::stem::stem(all.first()?);
    let same_length: Vec<&&str> = all.iter().filter(|known| known.len() == word.len()).collect();
    if all.iter().all(|known| super::stem::stem(known) == stem) {
        return Some(
            all.iter()
                .max_by_key(|known| (known.ends_with('s') == word.ends_with('s'), known.len()))?
                .to_string(),
        );
    }
    // Two letters swapped are a slip, another letter may be another word.
    let swapped: Vec<&&&str> = same_length
        .iter()
        .filter(|known| {
            let (mut a, mut b): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
            a.sort_unstable();
            b.sort_unstable();
            a == b
        })
        .collect();
    if let [one] = swapped.as_slice() {
        return Some((**one).to_string());
    }
    // A letter is left out more often than one too many is typed.
    let longer: Vec<&&str> = all.iter().filter(|known| known.len() > word.len()).collect();
    match longer.as_slice() {
        [one] => Some((**one).to_owned()),
        _ => None,
    }
}
