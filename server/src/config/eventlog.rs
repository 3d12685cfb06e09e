//! Where events become durable.

use opentrace_pipeline::LogKind;
use opentrace_pipeline::log::{FluvioConfig, JetStreamConfig};

use super::ConfigError;
use super::layers::Layers;

/// Encoded events that may wait for a log that lies elsewhere.
const QUEUE_BYTES: usize = 64 << 20;
/// More partitions than this are a typing error.
const MAX_PARTITIONS: u16 = 256;
/// Fluvio's names have 63 characters at most; the numbers of partition, segment and generation follow.
const MAX_NAME: usize = 32;

pub(super) fn from_layers(layers: &Layers) -> Result<LogKind, ConfigError> {
    match layers.text("eventlog.kind") {
        "embedded" => Ok(LogKind::Embedded),
        "jetstream" => jetstream(layers).map(LogKind::JetStream),
        "fluvio" => fluvio(layers).map(LogKind::Fluvio),
        _ => Err(layers.invalid("eventlog.kind", "`embedded`, `jetstream` or `fluvio`".to_owned())),
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
        partitions: partitions(layers)?,
        replicas,
        max_bytes: layers.parse("eventlog.max_bytes")?,
        queue_bytes: QUEUE_BYTES,
    })
}

fn fluvio(layers: &Layers) -> Result<FluvioConfig, ConfigError> {
    let address = layers.text("eventlog.url").to_owned();
    let port = address.rsplit_once(':').map(|(host, port)| (host.is_empty(), port.parse::<u16>()));
    if !matches!(port, Some((false, Ok(_)))) || address.contains(['/', ',']) {
        let wanted = "a log in Fluvio needs its controller here, as `host:9003`";
        return Err(layers.invalid("eventlog.url", wanted.to_owned()));
    }
    let name = layers.text("eventlog.name").to_owned();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('-') || !name.chars().all(fits) {
        let wanted = format!("up to {MAX_NAME} lower-case letters, digits and `-` for Fluvio");
        return Err(layers.invalid("eventlog.name", wanted));
    }
    Ok(FluvioConfig {
        address,
        name,
        partitions: partitions(layers)?,
        replicas: layers.parse::<u32>("eventlog.replicas")?.max(1),
        queue_bytes: QUEUE_BYTES,
    })
}

fn partitions(layers: &Layers) -> Result<u16, ConfigError> {
    let partitions: u16 = layers.parse("eventlog.partitions")?;
    if !(1..=MAX_PARTITIONS).contains(&partitions) {
        return Err(layers.invalid("eventlog.partitions", format!("from 1 to {MAX_PARTITIONS}")));
    }
    Ok(partitions)
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
    const FLUVIO: (&str, &str) = ("eventlog.kind", "fluvio");

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
    fn one_processing_unit_holds_a_topic_unless_told_otherwise() {
        let read = |flags: &[(&str, &str)]| match read(flags) {
            Ok(LogKind::Fluvio(config)) => (config.address, config.name, config.replicas),
            other => panic!("{other:?}"),
        };
        let url = ("eventlog.url", "sc.internal:9003");
        let of = |replicas| ("sc.internal:9003".to_owned(), "opentrace".to_owned(), replicas);
        assert_eq!(read(&[FLUVIO, url]), of(1));
        assert_eq!(read(&[FLUVIO, url, ("eventlog.replicas", "2")]), of(2));
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        let url = ("eventlog.url", "nats://a:4222");
        for (flags, said) in [
            (vec![("eventlog.kind", "kafka")], "`embedded`, `jetstream` or `fluvio`"),
            (vec![JETSTREAM], "needs its servers"),
            (vec![JETSTREAM, url, ("eventlog.name", "a.b")], "letters, digits"),
            (vec![JETSTREAM, url, ("eventlog.partitions", "0")], "from 1 to 256"),
            (vec![JETSTREAM, url, ("eventlog.replicas", "2")], "1, 3 or 5"),
            (vec![JETSTREAM, url, ("eventlog.user", "me")], "belong together"),
            (vec![FLUVIO], "as `host:9003`"),
            (vec![FLUVIO, ("eventlog.url", "http://sc:9003")], "as `host:9003`"),
            (vec![FLUVIO, ("eventlog.url", "sc")], "as `host:9003`"),
            (vec![FLUVIO, ("eventlog.url", "sc:9003"), ("eventlog.name", "Web_1")], "lower-case"),
            (vec![FLUVIO, ("eventlog.url", "sc:9003"), ("eventlog.partitions", "0")], "from 1 to 256"),
        ] {
            let error = read(&flags).expect_err(said);
            assert!(error.contains(said), "{error} should say {said}");
        }
    }
}
