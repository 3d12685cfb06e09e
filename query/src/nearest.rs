//! Which known word a misspelt one was probably meant to be.

/// The word of `known` that is fewest edits away from `given`, unless all are too far to be meant.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The table of distances has one cell per pair of characters; nothing known is this long.
    if given.len() > 64 {
        return None;
    }
    let given = given.to_lowercase();
    let tolerated = (given.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|word| (distance(&given, &word.to_lowercase()), word))
        .min()
        .filter(|(edits, _)| *edits <= tolerated)
        .map(|(_, word)| word)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (a, b, edits) in
            [("", "", 0), ("", "ab", 2), ("contry", "country", 1), ("vists", "visits", 1), ("ab", "ba", 1)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn suggests_what_is_close_and_nothing_else() {
        let known = ["visit:country", "visit:city", "event:page"];
        assert_eq!(nearest("visit:contry", known), Some("visit:country"));
        assert_eq!(nearest("Visit:City", known), Some("visit:city"));
        assert_eq!(nearest("revenue", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
