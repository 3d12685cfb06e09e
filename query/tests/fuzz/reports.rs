/// Reads bytes as every report and as everything that a site defines.
fn check_report(data: &[u8]) {
    let words = opentrace_query::Vocabulary::default();
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let _ = opentrace_query::report::retention(&value, &words);
    let _ = opentrace_query::report::funnel(&value, &words);
    let _ = opentrace_query::report::journeys(&value, &words);
    let _ = opentrace_query::parse::measures::metric("own", &value);
    let _ = opentrace_query::parse::measures::segment(&value);
    for kind in [
        opentrace_query::Kind::Goal,
        opentrace_query::Kind::Funnel,
        opentrace_query::Kind::Retention,
        opentrace_query::Kind::Series,
    ] {
        let _ = opentrace_query::define(kind, &value);
    }
    // Filters in an address.
    let part = |name: &str| (name == "filters").then(|| value.to_string());
    let _ = opentrace_query::export::Export::read(part, &words);
}
