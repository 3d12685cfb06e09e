//! Which answers can be sent in pieces.
//!
//! The engine writes each piece of a stream as if it were a whole answer. That adds up where a
//! format has neither head nor foot; the names and types at the head of `RowBinaryWithNamesAndTypes`
//! are taken off all pieces but the first. Answers in other formats are sent when they are whole.

/// How an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Pieces,
    /// In pieces that each begin with names and types.
    HeadedPieces,
    Whole,
}

const HEADED: &str = "RowBinaryWithNamesAndTypes";
const PLAIN: &[&str] =
    &["RowBinary", "TabSeparated", "TSV", "CSV", "JSONEachRow", "JSONCompactEachRow", "LineAsString"];

/// How the answer of a reading statement is sent, `default` being its format where it names none.
pub(super) fn delivery(sql: &str, default: &str) -> Delivery {
    let mut words = sql.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty()).rev();
    let (last, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_format = |word: &str| word.eq_ignore_ascii_case("FORMAT");
    let named = if is_format(before) { last } else { default };
    // A format named anywhere but at the end is not looked for any closer.
    if words.any(is_format) {
        return Delivery::Whole;
    }
    match named {
        HEADED => Delivery::HeadedPieces,
        named if PLAIN.contains(&named) => Delivery::Pieces,
        _ => Delivery::Whole,
    }
}

/// How long the names and types at the head of a piece are: a count, then that many names and as
/// many types, each with its length before it. `None` where the piece is cut off within them.
pub(super) fn head_length(piece: &[u8]) -> Option<usize> {
    let mut rest = piece;
    let columns = varint(&mut rest)?;
    for _ in 0..columns.checked_mul(2)? {
        let length = varint(&mut rest)?;
        rest = rest.get(length..)?;
    }
    Some(piece.len() - rest.len())
}

fn varint(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_formats_that_add_up_are_sent_in_pieces() {
        assert_eq!(delivery("SELECT 1", "RowBinaryWithNamesAndTypes"), Delivery::HeadedPieces);
        assert_eq!(delivery("SELECT 1 FORMAT JSONEachRow;\n", "JSON"), Delivery::Pieces);
        assert_eq!(delivery("SELECT format('{}', 1)", "TSV"), Delivery::Pieces);
        assert_eq!(delivery("SELECT 1 FORMAT JSON", "TSV"), Delivery::Whole);
        assert_eq!(delivery("SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "TSV"), Delivery::Whole);
        assert_eq!(delivery("SELECT 1", "Parquet"), Delivery::Whole);
    }

    #[test]
    fn the_head_is_measured_or_known_to_be_cut_off() {
        let piece = b"\x02\x01a\x02bc\x06String\x05UInt8\x01x\x07";
        assert_eq!(head_length(piece), Some(19));
        assert!((0..19).all(|end| head_length(&piece[..end]).is_none()));
        assert_eq!(head_length(&[0xff; 40]), None);
    }
}
