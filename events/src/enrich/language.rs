//! The language a visitor prefers.

use compact_str::CompactString;

/// The first language of an `Accept-Language` header, or of a tag like `navigator.language`, as
/// `en` or `en-US`. Empty where there is none.
pub fn preferred(header: &str) -> CompactString {
    let first = header.split([',', ';']).next().unwrap_or_default().trim();
    let mut parts = first.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    if !(2..=3).contains(&language.len()) || !language.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return CompactString::default();
    }
    let mut tag = CompactString::from(language);
    tag.make_ascii_lowercase();
    // A script (`zh-Hant-TW`) may stand before the region.
    let region = parts.find(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    if let Some(region) = region {
        tag.push('-');
        tag.extend(region.chars().map(|c| c.to_ascii_uppercase()));
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::preferred;

    #[test]
    fn tags_are_told_from_headers() {
        for (header, tag) in [
            ("en-us,en;q=0.5", "en-US"),
            ("de", "de"),
            ("pt_BR", "pt-BR"),
            ("zh-Hant-TW;q=1", "zh-TW"),
            ("*", ""),
            ("", ""),
            ("élan", ""),
        ] {
            assert_eq!(preferred(header), tag, "{header}");
        }
    }
}
