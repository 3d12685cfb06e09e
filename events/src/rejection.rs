//! Why an event is not taken: a stable code for programs, a sentence for people.

use jiff::Timestamp as Instant;

use crate::ids::Timestamp;

/// Why an event is not taken. The message says what was wrong and what would be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    #[error("the event is not what the call takes: {0}")]
    Malformed(String),
    #[error("`name` is required: `pageview` or a name of your own")]
    NameMissing,
    #[error("`name` has {chars} characters; at most {limit} are taken")]
    NameTooLong { chars: usize, limit: usize },
    #[error("`site` is required, because the key is not bound to one: the domain of a registered site")]
    SiteMissing,
    #[error("there is no site `{0}`: register it first, or check the spelling")]
    SiteUnknown(String),
    #[error(
        "`ts` is neither an RFC 3339 time with an offset, like 2024-05-01T12:00:00Z, nor milliseconds since 1970: `{0}`"
    )]
    TsInvalid(String),
    #[error("the event happened at {}, more than {days} days ago; send it as history (an import, or `?history=true` with an admin key)", shown(*ts))]
    TooOld { ts: Timestamp, days: i64 },
    #[error("the event happened at {}; the site keeps nothing for longer than {days} days (`retention_days`)", shown(*ts))]
    NotKept { ts: Timestamp, days: i64 },
    #[error("the event happened at {}, before 1970; check that `ts` is in milliseconds", shown(*ts))]
    BeforeEpoch { ts: Timestamp },
    #[error("the event happens at {}, more than a day in the future; check the clock, and that `ts` is in milliseconds", shown(*ts))]
    InFuture { ts: Timestamp },
    #[error("`id` has {chars} characters; a UUID or a text of at most {limit} is taken")]
    IdTooLong { chars: usize, limit: usize },
    #[error("`id` is empty or the nil UUID; leave it out or send one that is used once")]
    IdInvalid,
    #[error("`props` has {keys} keys; at most {limit} are taken")]
    PropsTooMany { keys: usize, limit: usize },
    #[error("`props` has an empty key")]
    PropKeyEmpty,
    #[error("a key of `props` has {chars} characters; at most {limit} are taken")]
    PropKeyTooLong { chars: usize, limit: usize },
    #[error("`props.{key}` has {chars} characters; at most {limit} are taken")]
    PropValueTooLong { key: String, chars: usize, limit: usize },
    #[error(
        "`url` is neither an address with a scheme, like https://example.com/page, nor a path that begins with `/`: `{0}`"
    )]
    UrlInvalid(String),
    #[error("`url` has {chars} characters; at most {limit} are taken")]
    UrlTooLong { chars: usize, limit: usize },
    #[error("`revenue.amount` is not a decimal number with at most 14 digits before the point: `{0}`")]
    RevenueInvalid(String),
    #[error("`revenue.currency` is not an ISO 4217 code, like EUR: `{0}`")]
    CurrencyInvalid(String),
    #[error("`ip` is not an IP address: `{0}`")]
    IpInvalid(String),
    #[error("`country` is not an ISO 3166-1 code of two letters, like DE: `{0}`")]
    CountryInvalid(String),
    #[error("`user_id` has {chars} characters; at most {limit} are taken")]
    UserIdTooLong { chars: usize, limit: usize },
    #[error("`visitor` is not the decimal number of a visitor, like 12345678901234567890: `{0}`")]
    VisitorInvalid(String),
    #[error("the user agent is a known bot's, and the site drops bots")]
    Bot,
    #[error("the browser asks not to be tracked, and the site honours that")]
    PrivacySignal,
    /// Ours, not the event's: send it again later.
    #[error("the visitor's id cannot be made: {0}")]
    IdentityUnavailable(String),
}

impl Rejection {
    /// Stable, documented, and the label under which rejections are counted.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "event_invalid",
            Self::NameMissing => "name_missing",
            Self::NameTooLong { .. } => "name_too_long",
            Self::SiteMissing => "site_missing",
            Self::SiteUnknown(_) => "site_unknown",
            Self::TsInvalid(_) => "ts_invalid",
            Self::TooOld { .. } | Self::NotKept { .. } | Self::BeforeEpoch { .. } => "too_old",
            Self::InFuture { .. } => "in_future",
            Self::IdTooLong { .. } | Self::IdInvalid => "id_invalid",
            Self::PropsTooMany { .. } => "props_too_many",
            Self::PropKeyEmpty => "prop_key_empty",
            Self::PropKeyTooLong { .. } => "prop_key_too_long",
            Self::PropValueTooLong { .. } => "prop_value_too_long",
            Self::UrlInvalid(_) => "url_invalid",
            Self::UrlTooLong { .. } => "url_too_long",
            Self::RevenueInvalid(_) => "revenue_invalid",
            Self::CurrencyInvalid(_) => "currency_invalid",
            Self::IpInvalid(_) => "ip_invalid",
            Self::CountryInvalid(_) => "country_invalid",
            Self::UserIdTooLong { .. } => "user_id_too_long",
            Self::VisitorInvalid(_) => "visitor_invalid",
            Self::Bot => "bot",
            Self::PrivacySignal => "privacy_signal",
            Self::IdentityUnavailable(_) => "identity_unavailable",
        }
    }

    /// The field that was wrong, where one was.
    pub fn field(&self) -> Option<&'static str> {
        Some(match self {
            Self::NameMissing | Self::NameTooLong { .. } => "name",
            Self::SiteMissing | Self::SiteUnknown(_) => "site",
            Self::TsInvalid(_)
            | Self::TooOld { .. }
            | Self::NotKept { .. }
            | Self::BeforeEpoch { .. }
            | Self::InFuture { .. } => "ts",
            Self::IdTooLong { .. } | Self::IdInvalid => "id",
            Self::PropsTooMany { .. }
            | Self::PropKeyEmpty
            | Self::PropKeyTooLong { .. }
            | Self::PropValueTooLong { .. } => "props",
            Self::UrlInvalid(_) | Self::UrlTooLong { .. } => "url",
            Self::RevenueInvalid(_) => "revenue.amount",
            Self::CurrencyInvalid(_) => "revenue.currency",
            Self::IpInvalid(_) => "ip",
            Self::CountryInvalid(_) => "country",
            Self::UserIdTooLong { .. } => "user_id",
            Self::VisitorInvalid(_) => "visitor",
            Self::Bot => "user_agent",
            Self::Malformed(_) | Self::PrivacySignal | Self::IdentityUnavailable(_) => return None,
        })
    }

    /// Whether the same event may be taken later: the fault is here, not in the event.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::IdentityUnavailable(_))
    }
}

fn shown(ts: Timestamp) -> String {
    Instant::from_millisecond(ts.0).map_or_else(|_| format!("{} ms", ts.0), |instant| instant.to_string())
}
