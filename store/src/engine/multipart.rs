//! The fields of a `multipart/form-data` body, which is how clients send a statement together with
//! its parameters.

/// The boundary between fields, where the content type says there are fields.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    let parameters = rest.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let boundary =
        parameters.filter(|(name, _)| name.eq_ignore_ascii_case("boundary")).map(|(_, value)| value);
    let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    boundary.map(|value| value.trim_matches('"')).next().filter(|value| is_form && !value.is_empty())
}

/// Names and values, in order; `None` where the body is not made of whole fields.
pub(super) fn fields<'b>(body: &'b str, boundary: &str) -> Option<Vec<(&'b str, &'b str)>> {
    let separator = format!("\r\n--{boundary}");
    let mut parts = body.strip_prefix(&separator[2..])?.split(separator.as_str());
    let mut fields = Vec::new();
    loop {
        let part = parts.next()?;
        if part.trim_end() == "--" {
            return Some(fields);
        }
        let (head, value) = part.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
        fields.push((name(head)?, value));
    }
}

fn name(head: &str) -> Option<&str> {
    let (_, rest) = head.split_once("; name=\"")?;
    rest.split_once('"').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_whole_or_not_at_all() {
        let kind = "multipart/form-data; boundary=abc";
        assert_eq!(boundary(kind), Some("abc"));
        assert_eq!(boundary("text/plain; boundary=abc"), None);
        let body = "--abc\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT 1\r\n\r\n\r\n\
                    --abc\r\nContent-Disposition: form-data; name=\"param_a\"\r\n\r\n--ab\r\n--abc--\r\n";
        assert_eq!(fields(body, "abc"), Some(vec![("query", "SELECT 1\r\n\r\n"), ("param_a", "--ab")]));
        for end in 0..body.len() - 4 {
            assert_eq!(fields(&body[..end], "abc"), None, "{end}");
        }
    }
}
