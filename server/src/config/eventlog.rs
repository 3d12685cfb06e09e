//! Where events become durable.

use opentrace_pipeline::LogKind;
use opentrace_pipeline::log::JetStreamConfig;

use super::ConfigError;
use super::layers::Layers;

/// Encoded events that may wait for a log that lies elsewhere.
const QUEUE_BYTES: usize = 64 << 20;
/// More partitions than this are a typing error.
const MAX_PARTITIONS: u16 = 256;

pub(super) fn from_layers(layers: &Layers) -> Result<LogKind, ConfigError> {
    match layers.text("eventlog.kind") {
        "embedded" => Ok(LogKind::Embedded),
        "jetstream" => jetstream(layers).map(LogKind::JetStream),
        _ => Err(layers.invalid("eventlog.kind", "`embedded` or `jetstream`".to_owned())),
    }
}

fn jetstream(layers: &Layers) -> Result<JetStreamConfig, ConfigError> {
    let servers: Vec<String> = layers.list("eventlog.url")?;
    if servers.is_empty() {
        return Err(layers.invalid("eventlog.url", "a log in JetStream needs its servers here".to_owned()));
    }
    let name = layers.text("eventlog.name").to_owned();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err(layers.invalid("eventlog.name", "letters, digits, `-` and `_`".to_owned()));
    }
    let partitions: u16 = layers.parse("eventlog.partitions")?;
    if !(1..=MAX_PARTITIONS).contains(&partitions) {
        return Err(layers.invalid("eventlog.partitions", format!("from 1 to {MAX_PARTITIONS}")));
    }
    let replicas = match layers.parse("eventlog.replicas")? {
        0 if servers.len() >= 3 => 3,
        0 => 1,
        replicas @ (1 | 3 | 5) => replicas,
        _ => return Err(layers.invalid("eventlog.replicas", "1, 3 or 5; 0 chooses".to_owned())),
    };
    let user = layers.optional("eventlog.user");
    let password = layers.optional("eventlog.password");
    if user.is_some() != password.is_some() {
        return Err(layers.invalid("eventlog.user", "user and password belong together".to_owned()));
    }
    Ok(JetStreamConfig {
        servers,
        user: user.zip(password).map(|(user, password)| (user.to_owned(), password.to_owned())),
        credentials: layers.optional("eventlog.credentials").map(Into::into),
        name,
        partitions,
        replicas,
        max_bytes: layers.parse("eventlog.max_bytes")?,
        queue_bytes: QUEUE_BYTES,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &[(&str, &str)]) -> Result<LogKind, String> {
        let flags: Vec<_> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let layers = Layers::stack(None, |_| None, &flags).map_err(|error| error.to_string())?;
        from_layers(&layers).map_err(|error| error.to_string())
    }

    const JETSTREAM: (&str, &str) = ("eventlog.kind", "jetstream");

    #[test]
    fn the_data_folder_is_the_default() {
        assert!(matches!(read(&[]), Ok(LogKind::Embedded)));
    }

    #[test]
    fn three_servers_hold_everything_three_times() {
        let replicas = |url| match read(&[JETSTREAM, ("eventlog.url", url)]) {
            Ok(LogKind::JetStream(config)) => (config.servers.len(), config.replicas),
            other => panic!("{other:?}"),
        };
        assert_eq!(replicas("nats://a:4222"), (1, 1));
        assert_eq!(replicas("nats://a:4222, nats://b:4222,nats://c:4222"), (3, 3));
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        let url = ("eventlog.url", "nats://a:4222");
        for (flags, said) in [
            (vec![("eventlog.kind", "kafka")], "`embedded` or `jetstream`"),
            (vec![JETSTREAM], "needs its servers"),
            (vec![JETSTREAM, url, ("eventlog.name", "a.b")], "letters, digits"),
            (vec![JETSTREAM, url, ("eventlog.partitions", "0")], "from 1 to 256"),
            (vec![JETSTREAM, url, ("eventlog.replicas", "2")], "1, 3 or 5"),
            (vec![JETSTREAM, url, ("eventlog.user", "me")], "belong together"),
        ] {
            let error = read(&flags).expect_err(said);
            assert!(error.contains(said), "{error} should say {said}");
        }
    }
}
