//! The kind of device a browser runs on.

/// `Desktop`, `Mobile`, `Tablet`, `TV`, `Console`, `Wearable`, or empty where nothing says.
///
/// Tablets with Android leave out the word `Mobile`; that is the documented way to tell them.
pub(super) fn kind(user_agent: &str, os: &str, is_browser: bool) -> &'static str {
    let has = |word: &str| user_agent.contains(word);
    let has_any = |words: &[&str]| words.iter().any(|word| has(word));
    if has_any(&["PlayStation", "Xbox", "Nintendo"]) {
        "Console"
    } else if has_any(&[
        "SMART-TV",
        "SmartTV",
        "Smart-TV",
        "AppleTV",
        "Apple TV",
        "GoogleTV",
        "Google TV",
        "Android TV",
        "HbbTV",
        "Web0S",
        "webOS.TV",
        "BRAVIA",
        "CrKey",
        "Roku",
        "AFTT",
        "AFTM",
        "AFTB",
        "AFTS",
        "NetCast",
        "VIDAA",
    ]) || (os == "Tizen" && has("TV"))
    {
        "TV"
    } else if has_any(&["Watch OS", "watchOS", "Apple Watch", "Wear OS"]) {
        "Wearable"
    } else if has_any(&["iPad", "Tablet;", "Kindle", "PlayBook", "Silk/", "Nexus 7", "Nexus 9", "Nexus 10"])
        && !has("Tablet PC")
    {
        "Tablet"
    } else if os == "Android" {
        if has("Mobile") || !has("Mozilla/") { "Mobile" } else { "Tablet" }
    } else if has_any(&[
        "iPhone",
        "iPod",
        "Mobile",
        "Windows Phone",
        "IEMobile",
        "BlackBerry",
        "BB10",
        "Opera Mini",
        "Opera Mobi",
        "MIDP",
        "Symbian",
        "SymbOS",
        "Nokia",
        "KAIOS",
        "webOS/",
        "MAUI",
        "J2ME",
    ]) {
        "Mobile"
    } else if is_browser || !os.is_empty() {
        "Desktop"
    } else {
        ""
    }
}
