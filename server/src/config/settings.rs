//! The list of settings: their keys, what they mean, their defaults.
//!
//! The key is the name in `opentrace.toml` (a dot opens a table); the environment variable is
//! `OPENTRACE_` and the key in upper case with `_` for the dot.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    /// Empty where there is none.
    pub(super) default: &'static str,
    /// Never printed.
    pub(super) secret: bool,
}

const fn plain(key: &'static str, default: &'static str) -> Setting {
    Setting { key, default, secret: false }
}

const fn secret(key: &'static str) -> Setting {
    Setting { key, default: "", secret: true }
}

/// Every setting there is. A key that is not here is an error where it is met in the file.
pub(super) const SETTINGS: &[Setting] = &[
    // Where everything is kept.
    plain("data", "./data"),
    plain("listen", "127.0.0.1:8080"),
    // Addresses and networks whose `X-Forwarded-For` is believed, separated by commas.
    plain("trusted_proxies", ""),
    // Worker threads of the dataflow in each process; 0 takes half of the cores.
    plain("workers", "0"),
    // Processes that share the dataflow. Where others start them: which one this is, from 0, and
    // where each is reached.
    plain("processes", "1"),
    plain("process", ""),
    plain("hosts", ""),
    secret("cluster.secret"),
    // Where events become durable: `embedded` in the data folder, `jetstream`, or `fluvio`.
    plain("eventlog.kind", "embedded"),
    // Servers of NATS, separated by commas: `nats://host:4222` or `tls://host:4222`. For Fluvio, its
    // controller: `host:9003`.
    plain("eventlog.url", ""),
    plain("eventlog.user", ""),
    secret("eventlog.password"),
    // A file with the JWT and key of a NATS user.
    plain("eventlog.credentials", ""),
    // What streams or topics are called, with the number of their partition.
    plain("eventlog.name", "opentrace"),
    plain("eventlog.partitions", "4"),
    // Servers that hold each stream or topic; 0 takes one, and three where NATS has as many.
    plain("eventlog.replicas", "0"),
    // Bytes each stream may hold; 0 leaves it to the servers.
    plain("eventlog.max_bytes", "0"),
    // Empty: ClickHouse runs embedded.
    plain("clickhouse.url", ""),
    plain("clickhouse.user", "default"),
    secret("clickhouse.password"),
    plain("clickhouse.database", "opentrace"),
    // ClickHouse's library and the country database. Empty: looked for in `node_modules` and next to
    // the executable.
    plain("libchdb", ""),
    plain("geo.path", ""),
    secret("admin_token"),
    // How often every view is compared with its recomputation from raw events; `off` for never.
    plain("verify.every", "24h"),
    // How long the id of an event is remembered, and of how many events at most, about 50 bytes each.
    plain("dedup.window", "168h"),
    plain("dedup.ids", "8000000"),
    // Events of people something happened to lately that are held in memory at most, about 150 bytes
    // each. Who was idle longest leaves first and is read back from ClickHouse on return.
    plain("limits.resident_events", "4000000"),
    // The tracker is at `/js/opentrace.js` and, for sites whose visitors block that, at `s.js` here.
    plain("tracker.folder", "w"),
    plain("limits.body_bytes", "10000000"),
    plain("limits.events_per_request", "10000"),
    plain("limits.connections", "8192"),
    // Request bodies held in memory at once, all requests together.
    plain("limits.buffered_bytes", "268435456"),
    // Where people reach the dashboard, for links in alerts. Empty: the address it listens on.
    plain("public_url", ""),
    // Whether alerts may be sent to private networks.
    plain("alerts.allow_private", "false"),
    // 64 hexadecimal digits that secrets of channels are encrypted with. Empty: a key drawn once and
    // kept in `alerts.key` in the data folder.
    secret("alerts.secret_key"),
    // smtp://user:password@host:port, smtps:// for TLS from the first byte.
    secret("alerts.smtp_url"),
    plain("alerts.mail_from", "OpenTrace <opentrace@localhost>"),
    plain("alerts.telegram_url", "https://api.telegram.org"),
    // How long a receiver may take, and the first pause before it is tried again.
    plain("alerts.timeout_ms", "10000"),
    plain("alerts.retry_ms", "1000"),
    // The folder with the weights that order suggestions by meaning. Empty: `minilm` next to the
    // executable or above; `off` for none.
    plain("ask.encoder", ""),
    // A language model for questions that the rules refuse: the endpoint of a server that speaks
    // OpenAI's protocol (`https://host/v1`). Empty: none is asked.
    plain("ask.model.url", ""),
    secret("ask.model.key"),
    plain("ask.model.name", ""),
    plain("ask.model.timeout_ms", "20000"),
    // Whether it is told names of a site's events and values.
    plain("ask.model.values", "false"),
    // Questions a minute for each key or person; 0 for any number.
    plain("limits.questions_per_minute", "600"),
    // Time and memory that ClickHouse may spend on one statement of a question.
    plain("limits.question_time", "30s"),
    plain("limits.question_bytes", "4294967296"),
    plain("log.level", "info"),
    plain("log.format", "text"),
];

impl Setting {
    /// The name of the environment variable.
    pub(super) fn env(&self) -> String {
        format!("OPENTRACE_{}", self.key.replace('.', "_").to_uppercase())
    }
}

/// The setting with this key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The key a mistyped one was probably meant to be.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    SETTINGS
        .iter()
        .map(|setting| (distance(key, setting.key), setting.key))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, key)| key)
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_finds_its_neighbour() {
        assert_eq!(nearest("listn"), Some("listen"));
        assert_eq!(nearest("clickhouse.uri"), Some("clickhouse.url"));
        assert_eq!(nearest("something.else"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn what_is_deployed_sets_what_there_is() {
        let files = [
            include_str!("../../../deploy/compose.yaml"),
            include_str!("../../../deploy/compose.cluster.yaml"),
        ];
        let set = files.iter().flat_map(|file| file.lines()).filter_map(|line| line.trim().split_once(": "));
        let names: Vec<&str> =
            set.map(|(name, _)| name).filter(|name| name.starts_with("OPENTRACE_")).collect();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            assert!(SETTINGS.iter().any(|setting| setting.env() == name), "there is no {name}");
        }
    }

    #[test]
    fn environment_names_are_the_documented_ones() {
        let env = |key| find(key).expect("a setting").env();
        assert_eq!(env("admin_token"), "OPENTRACE_ADMIN_TOKEN");
        assert_eq!(env("clickhouse.url"), "OPENTRACE_CLICKHOUSE_URL");
    }
}
