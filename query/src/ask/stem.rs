//! The part of a word that stays the same through its forms: `purchases`, `purchased`, `purchasing`.

/// Forms that no ending explains.
const IRREGULAR: &[(&str, &str)] = &[
    ("bought", "buy"),
    ("sold", "sell"),
    ("paid", "pay"),
    ("sent", "send"),
    ("began", "begin"),
    ("begun", "begin"),
    ("submission", "submit"),
    ("submissions", "submit"),
    ("subscription", "subscrib"),
    ("subscriptions", "subscrib"),
    ("subscriber", "subscrib"),
    ("subscribers", "subscrib"),
    ("registration", "register"),
    ("registrations", "register"),
    ("installation", "install"),
    ("installations", "install"),
    ("activation", "activat"),
    ("activations", "activat"),
    ("completion", "complet"),
    ("completions", "complet"),
    ("cancellation", "cancel"),
    ("cancellations", "cancel"),
    ("cancelled", "cancel"),
    ("booking", "book"),
    ("bookings", "book"),
];

/// The stem of a word in lower case.
pub(crate) fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*stem).to_owned();
    }
    let cut = |end: &str, least: usize| word.strip_suffix(end).filter(|rest| rest.chars().count() >= least);
    if let Some(rest) = cut("ies", 2) {
        return format!("{rest}y");
    }
    if let Some(rest) = cut("ied", 2) {
        return format!("{rest}y");
    }
    if let Some(rest) = cut("ing", 3).or_else(|| cut("ed", 3)) {
        return single(rest);
    }
    let word = word.strip_suffix('s').filter(|rest| rest.len() >= 3 && !rest.ends_with('s')).unwrap_or(word);
    single(word)
}

/// Without a last letter `e` and without a doubled consonant, which some forms have and some not.
fn single(word: &str) -> String {
    let word = word.strip_suffix('e').filter(|rest| rest.len() >= 3).unwrap_or(word);
    let mut letters: Vec<char> = word.chars().collect();
    if let [.., a, b] = letters.as_slice()
        && a == b
        && letters.len() > 3
        && !matches!(b, 's' | 'l' | 'a' | 'e' | 'i' | 'o' | 'u')
    {
        letters.pop();
    }
    letters.into_iter().collect()
}

/// Whether a word is a past form, so that it says what somebody did.
pub(crate) fn is_past(word: &str) -> bool {
    word.ends_with("ed") && word.len() > 4
        || matches!(word, "bought" | "sold" | "paid" | "sent" | "began" | "made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["purchase", "purchases", "purchased", "purchasing"][..],
            &["download", "downloads", "downloaded"],
            &["submit", "submits", "submitted", "submission", "submissions"],
            &["subscribe", "subscribed", "subscriptions", "subscribes"],
            &["play", "plays", "played", "playing"],
            &["buy", "buys", "bought", "buying"],
            &["try", "tries", "tried"],
            &["log", "logs", "logged", "logging"],
            &["add", "added", "adds"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{stems:?}");
        }
        assert_ne!(stem("sign"), stem("signup"));
    }
}
