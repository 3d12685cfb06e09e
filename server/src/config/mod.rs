//! The configuration: `opentrace.toml`, then the environment, then flags.
//!
//! Read once at the start; nothing else in the program looks at the environment.

mod eventlog;
mod find;
mod layers;
mod processes;
mod settings;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use opentrace_pipeline::LogKind;
use opentrace_query::limits::Budget;

use self::layers::Layers;
pub use self::layers::Source;
pub use self::processes::Processes;

/// First segments of paths that mean something.
const TAKEN: [&str; 10] =
    ["api", "assets", "docs", "healthz", "js", "metrics", "readyz", "setup", "sign-in", "sites"];
/// The shortest admin token that is taken. Shorter ones can be guessed.
const MIN_ADMIN_TOKEN: usize = 12;

/// What the program runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where log, metadata, identity keys and the embedded ClickHouse keep their files.
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub eventlog: LogKind,
    pub clickhouse: ClickHouse,
    /// The country database, where one is configured or found.
    pub geo: Option<PathBuf>,
    /// Worker threads of the dataflow in each process.
    pub workers: usize,
    pub processes: Processes,
    pub admin_token: Option<Secret>,
    /// The neutral folder the tracker is served from, too: one segment of a path.
    pub tracker: String,
    pub limits: Limits,
    pub dedup: Dedup,
    /// Events that the dataflow holds at most.
    pub resident_events: usize,
    /// How often every view is compared with its recomputation; never where absent.
    pub verify_every: Option<Duration>,
    pub alerts: AlertConfig,
    pub ask: AskConfig,
    /// Where people reach the dashboard, if not where the program listens.
    pub public_url: Option<url::Url>,
    pub log: Log,
    /// Whether everything may be read without a key through a loopback listener. Only `demo` sets it;
    /// there is no setting.
    pub open: bool,
}

/// Where the views and the raw events are stored.
#[derive(Clone, Debug)]
pub enum ClickHouse {
    /// A child process of this program that loads the library, here if it is not to be looked for.
    Embedded {
        library: Option<PathBuf>,
    },
    Remote {
        url: url::Url,
        user: String,
        password: Secret,
        database: String,
    },
}

/// The limit on everything that arrives.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one request body, unpacked.
    pub body_bytes: usize,
    pub events_per_request: usize,
    /// Connections open at once; further ones wait to be accepted.
    pub connections: usize,
    /// Bytes of request bodies in memory at once, all requests together.
    pub buffered_bytes: usize,
    /// Questions a minute for each key or person; 0 for any number.
    pub questions_per_minute: u32,
    /// What ClickHouse may spend on a statement of a question.
    pub question: Budget,
}

/// How repeats of an event are known.
#[derive(Clone, Copy, Debug)]
pub struct Dedup {
    /// How long an id is remembered.
    pub window: Duration,
    /// How many ids are remembered at most.
    pub ids: usize,
}

/// How alerts leave.
#[derive(Clone, Debug)]
pub struct AlertConfig {
    /// Whether targets in private networks may be called.
    pub allow_private: bool,
    /// What secrets of channels are encrypted with; a key of the data folder where there is none.
    pub secret_key: Option<Secret>,
    /// The server that takes e-mail.
    pub smtp_url: Option<Secret>,
    pub mail_from: String,
    pub telegram_url: url::Url,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// The first pause before a message is tried again.
    pub first_retry: Duration,
}

/// What helps to read questions in words.
#[derive(Clone, Debug)]
pub struct AskConfig {
    /// The language model for what the rules refuse, if one is wanted.
    pub model: Option<ModelConfig>,
    /// The folder with the weights that order suggestions by meaning, if there are any.
    pub encoder: Option<PathBuf>,
}

/// A language model behind an endpoint.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    /// Where a chat is posted to.
    pub url: url::Url,
    pub key: Option<Secret>,
    /// What the endpoint calls the model.
    pub name: String,
    /// How long it may take to answer.
    pub timeout: Duration,
    /// Whether it is told names of a site's events and values.
    pub values: bool,
}

/// What is logged and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// A filter in the form of `tracing-subscriber`: `info`, `opentrace_server=debug,info`.
    pub level: String,
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not valid TOML", path.display())]
    Syntax {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("unknown setting `{key}`{}", nearest.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey { key: String, nearest: Option<&'static str> },
    #[error("`{key}` is set to `{value}` by {origin}: {reason}")]
    Invalid { key: &'static str, value: String, origin: Source, reason: String },
}

impl ConfigError {
    /// A stable name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config_unreadable",
            Self::Syntax { .. } => "config_syntax",
            Self::UnknownKey { .. } => "config_unknown_key",
            Self::Invalid { .. } => "config_invalid",
        }
    }
}

/// A setting as it is shown: key, value as text with secrets hidden, source.
pub type Row = (&'static str, String, Source);

/// A configuration and where each of its values came from.
#[derive(Debug)]
pub struct Effective {
    pub config: Config,
    pub rows: Vec<Row>,
}

impl Config {
    /// Reads the file (`file`, else `opentrace.toml` here if there is one), the environment and
    /// `flags` (key and value).
    pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Effective, ConfigError> {
        let path = match file {
            Some(path) => Some(path),
            None => Some(Path::new("opentrace.toml")).filter(|path| path.is_file()),
        };
        let text = path.map(read).transpose()?;
        let env = |name: &str| std::env::var(name).ok();
        let layers = Layers::stack(path.zip(text.as_deref()), env, flags)?;
        let config = Self::from_layers(&layers)?;
        let rows = layers.rows().into_iter().map(|row| config.resolved(row)).collect();
        Ok(Effective { config, rows })
    }

    /// A row with what an empty or automatic setting came to.
    fn resolved(&self, (key, value, source): Row) -> Row {
        let value = match (key, &self.geo) {
            ("workers", _) => self.workers.to_string(),
            ("geo.path", Some(path)) => path.display().to_string(),
            _ => value,
        };
        (key, value, source)
    }

    fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let proxies: Vec<Network> = layers.list("trusted_proxies")?;
        Ok(Self {
            data: layers.text("data").into(),
            listen: layers.parse("listen")?,
            trusted_proxies: proxies.into_iter().map(|network| network.0).collect(),
            eventlog: eventlog::from_layers(layers)?,
            clickhouse: clickhouse(layers)?,
            geo: geo(layers)?,
            workers: workers(layers)?,
            processes: Processes::from_layers(layers)?,
            admin_token: admin_token(layers)?,
            tracker: tracker(layers)?,
            limits: limits(layers)?,
            dedup: dedup(layers)?,
            resident_events: positive(layers, "limits.resident_events")?,
            verify_every: verify_every(layers)?,
            alerts: alerts(layers)?,
            ask: AskConfig { model: model(layers)?, encoder: encoder(layers)? },
            public_url: layers.optional("public_url").map(|_| layers.parse("public_url")).transpose()?,
            log: Log { level: layers.text("log.level").to_owned(), format: log_format(layers)? },
            open: false,
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

fn clickhouse(layers: &Layers) -> Result<ClickHouse, ConfigError> {
    if layers.optional("clickhouse.url").is_some() {
        return Ok(ClickHouse::Remote {
            url: layers.parse("clickhouse.url")?,
            user: layers.text("clickhouse.user").to_owned(),
            password: Secret(layers.text("clickhouse.password").to_owned()),
            database: layers.text("clickhouse.database").to_owned(),
        });
    }
    let library = layers.optional("libchdb").map(|path| existing(layers, "libchdb", path)).transpose()?;
    Ok(ClickHouse::Embedded { library })
}

fn geo(layers: &Layers) -> Result<Option<PathBuf>, ConfigError> {
    match layers.optional("geo.path") {
        Some(path) => existing(layers, "geo.path", path).map(Some),
        None => Ok(find::geo()),
    }
}

fn existing(layers: &Layers, key: &'static str, path: &str) -> Result<PathBuf, ConfigError> {
    let path = PathBuf::from(path);
    if path.is_file() { Ok(path) } else { Err(layers.invalid(key, "no such file".to_owned())) }
}

/// Half of the cores, because collection, the sink and ClickHouse need the others.
fn workers(layers: &Layers) -> Result<usize, ConfigError> {
    let wanted: usize = layers.parse("workers")?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match wanted {
        0 => Ok((cores / 2).max(1)),
        1..=256 => Ok(wanted),
        _ => Err(layers.invalid("workers", "at most 256".to_owned())),
    }
}

fn admin_token(layers: &Layers) -> Result<Option<Secret>, ConfigError> {
    match layers.optional("admin_token") {
        Some(token) if token.len() < MIN_ADMIN_TOKEN => {
            Err(layers.invalid("admin_token", format!("at least {MIN_ADMIN_TOKEN} characters")))
        }
        token => Ok(token.map(Secret::new)),
    }
}

/// A name that nothing else here has and no list of trackers knows.
fn tracker(layers: &Layers) -> Result<String, ConfigError> {
    let name = layers.text("tracker.folder").trim_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(plain) {
        let reason = "letters, digits, `-` and `_`, as in `w`".to_owned();
        return Err(layers.invalid("tracker.folder", reason));
    }
    match TAKEN.contains(&name) {
        true => Err(layers.invalid("tracker.folder", "something else is at this path".to_owned())),
        false => Ok(name.to_owned()),
    }
}

fn limits(layers: &Layers) -> Result<Limits, ConfigError> {
    let positive = |key| positive(layers, key);
    let limits = Limits {
        body_bytes: positive("limits.body_bytes")?,
        events_per_request: positive("limits.events_per_request")?,
        connections: positive("limits.connections")?,
        buffered_bytes: positive("limits.buffered_bytes")?,
        questions_per_minute: layers.parse("limits.questions_per_minute")?,
        question: Budget {
            time: duration(layers, "limits.question_time", Duration::from_millis(100))?,
            memory: positive("limits.question_bytes")? as u64,
        },
    };
    if limits.buffered_bytes < limits.body_bytes {
        return Err(layers.invalid("limits.buffered_bytes", "less than `limits.body_bytes`".to_owned()));
    }
    Ok(limits)
}

fn positive(layers: &Layers, key: &'static str) -> Result<usize, ConfigError> {
    match layers.parse(key)? {
        0 => Err(layers.invalid(key, "at least 1".to_owned())),
        limit => Ok(limit),
    }
}

fn dedup(layers: &Layers) -> Result<Dedup, ConfigError> {
    let window = duration(layers, "dedup.window", Duration::from_secs(3600))?;
    Ok(Dedup { window, ids: positive(layers, "dedup.ids")? })
}

/// A span of time like `24h` or `30m`.
fn duration(layers: &Layers, key: &'static str, least: Duration) -> Result<Duration, ConfigError> {
    let wanted: jiff::SignedDuration = layers.parse(key)?;
    match Duration::try_from(wanted) {
        Ok(wanted) if wanted >= least => Ok(wanted),
        _ => Err(layers.invalid(key, format!("at least {least:?}, as in `24h` or `30m`"))),
    }
}

/// More often than once a second is no check but a load.
fn verify_every(layers: &Layers) -> Result<Option<Duration>, ConfigError> {
    const KEY: &str = "verify.every";
    if matches!(layers.text(KEY), "off" | "0") {
        return Ok(None);
    }
    duration(layers, KEY, Duration::from_secs(1)).map(Some)
}

fn milliseconds(layers: &Layers, key: &'static str) -> Result<Duration, ConfigError> {
    match layers.parse(key)? {
        ms @ 1..=600_000 => Ok(Duration::from_millis(ms)),
        _ => Err(layers.invalid(key, "from 1 to 600000 milliseconds".to_owned())),
    }
}

fn encoder(layers: &Layers) -> Result<Option<PathBuf>, ConfigError> {
    const KEY: &str = "ask.encoder";
    match layers.optional(KEY) {
        None => Ok(find::encoder()),
        Some("off") => Ok(None),
        Some(path) => existing(layers, KEY, &format!("{path}/model.safetensors")).map(|_| Some(path.into())),
    }
}

/// The model's endpoint: the base of the protocol, as everybody's clients take it.
fn model(layers: &Layers) -> Result<Option<ModelConfig>, ConfigError> {
    const URL: &str = "ask.model.url";
    if layers.optional(URL).is_none() {
        return Ok(None);
    }
    let base: url::Url = layers.parse(URL)?;
    if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
        return Err(layers.invalid(URL, "an address like https://host/v1".to_owned()));
    }
    let name = layers.optional("ask.model.name").unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(layers.invalid("ask.model.name", "needed where `ask.model.url` is set".to_owned()));
    }
    let mut url = base;
    let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(Some(ModelConfig {
        url,
        key: layers.optional("ask.model.key").map(Secret::new),
        name,
        timeout: milliseconds(layers, "ask.model.timeout_ms")?,
        values: layers.parse("ask.model.values")?,
    }))
}

fn alerts(layers: &Layers) -> Result<AlertConfig, ConfigError> {
    let length = |key| milliseconds(layers, key);
    Ok(AlertConfig {
        allow_private: layers.parse("alerts.allow_private")?,
        secret_key: layers.optional("alerts.secret_key").map(Secret::new),
        smtp_url: layers.optional("alerts.smtp_url").map(Secret::new),
        mail_from: layers.text("alerts.mail_from").to_owned(),
        telegram_url: layers.parse("alerts.telegram_url")?,
        timeout: length("alerts.timeout_ms")?,
        first_retry: length("alerts.retry_ms")?,
    })
}

fn log_format(layers: &Layers) -> Result<LogFormat, ConfigError> {
    match layers.text("log.format") {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(layers.invalid("log.format", "`text` or `json`".to_owned())),
    }
}

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A network in CIDR form or a single address.
struct Network(IpNet);

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| format!("`{text}` is neither an address nor a network like 10.0.0.0/8"))
    }
}
