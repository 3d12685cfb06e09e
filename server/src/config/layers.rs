//! The three places a setting may come from, and which one wins: flags over environment over file
//! over default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::settings::{self, SETTINGS, Setting};
use super::{ConfigError, Row};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(PathBuf),
    /// The name of the variable.
    Environment(String),
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "{name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// Every setting's text and source, before it is given its type.
#[derive(Debug)]
pub(super) struct Layers {
    values: BTreeMap<&'static str, (String, Source)>,
}

impl Layers {
    /// Puts the layers on each other. `file` is the path and text of `opentrace.toml`; `flags` are
    /// pairs of key and value.
    pub(super) fn stack(
        file: Option<(&Path, &str)>,
        env: impl Fn(&str) -> Option<String>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut values: BTreeMap<_, _> = SETTINGS
            .iter()
            .map(|setting| (setting.key, (setting.default.to_owned(), Source::Default)))
            .collect();
        if let Some((path, text)) = file {
            let table: toml::Table = text
                .parse()
                .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
            flatten(&table, "", &mut |key, value| {
                let setting = known(key)?;
                values.insert(setting.key, (value, Source::File(path.to_owned())));
                Ok(())
            })?;
        }
        for setting in SETTINGS {
            let name = setting.env();
            if let Some(value) = env(&name) {
                values.insert(setting.key, (value, Source::Environment(name)));
            }
        }
        for (key, value) in flags {
            values.insert(known(key)?.key, (value.clone(), Source::Flag));
        }
        Ok(Self { values })
    }

    /// The text of a setting, trimmed.
    pub(super) fn text(&self, key: &'static str) -> &str {
        debug_assert!(settings::find(key).is_some(), "{key} is not in the list of settings");
        self.values.get(key).map_or("", |(value, _)| value.trim())
    }

    /// The text of a setting, or `None` where it is empty.
    pub(super) fn optional(&self, key: &'static str) -> Option<&str> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    /// A setting as `T`.
    pub(super) fn parse<T>(&self, key: &'static str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.text(key).parse().map_err(|reason: T::Err| self.invalid(key, reason.to_string()))
    }

    /// A list separated by commas; blanks around its parts do not matter.
    pub(super) fn list<T>(&self, key: &'static str) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let parts = self.text(key).split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse().map_err(|reason: T::Err| self.invalid(key, reason.to_string())))
            .collect()
    }

    /// The error that says which value of which source is wrong. Secrets are not repeated.
    pub(super) fn invalid(&self, key: &'static str, reason: String) -> ConfigError {
        let (value, origin) = self.values.get(key).cloned().unwrap_or((String::new(), Source::Default));
        let secret = settings::find(key).is_some_and(|setting| setting.secret);
        let value = if secret { "…".to_owned() } else { value };
        ConfigError::Invalid { key, value, origin, reason }
    }

    /// Every setting as it is shown: key, value (secrets hidden), source.
    pub(super) fn rows(&self) -> Vec<Row> {
        SETTINGS.iter().filter_map(|setting| self.row(setting)).collect()
    }

    fn row(&self, setting: &'static Setting) -> Option<Row> {
        let (value, source) = self.values.get(setting.key)?;
        let shown = if setting.secret && !value.is_empty() { "(set)".to_owned() } else { value.clone() };
        Some((setting.key, shown, source.clone()))
    }
}

fn known(key: &str) -> Result<&'static Setting, ConfigError> {
    settings::find(key)
        .ok_or_else(|| ConfigError::UnknownKey { key: key.to_owned(), nearest: settings::nearest(key) })
}

/// Calls `each` for every leaf of the table with its dotted key. Lists become text with commas.
fn flatten(
    table: &toml::Table,
    prefix: &str,
    each: &mut impl FnMut(&str, String) -> Result<(), ConfigError>,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(inner, &key, each)?,
            toml::Value::Array(items) => {
                let parts: Vec<String> = items.iter().map(plain_text).collect();
                each(&key, parts.join(","))?;
            }
            single => each(&key, plain_text(single))?,
        }
    }
    Ok(())
}

fn plain_text(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(file: &str, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Layers, ConfigError> {
        let flags: Vec<_> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let env = |name: &str| env.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned());
        Layers::stack(Some((Path::new("opentrace.toml"), file)), env, &flags)
    }

    #[test]
    fn later_layers_win_and_are_named() {
        let file = "listen = \"0.0.0.0:1\"\nworkers = 3\n[clickhouse]\nurl = \"http://a\"\n";
        let layers = stack(
            file,
            &[("OPENTRACE_LISTEN", "0.0.0.0:2"), ("OPENTRACE_CLICKHOUSE_URL", "http://b")],
            &[("listen", "0.0.0.0:3")],
        )
        .expect("valid");
        assert_eq!(layers.text("listen"), "0.0.0.0:3");
        assert_eq!(layers.text("clickhouse.url"), "http://b");
        assert_eq!(layers.parse::<usize>("workers").expect("a number"), 3);
        let source = |key| layers.rows().into_iter().find(|row| row.0 == key).map(|row| row.2.to_string());
        assert_eq!(source("listen").as_deref(), Some("flag"));
        assert_eq!(source("clickhouse.url").as_deref(), Some("OPENTRACE_CLICKHOUSE_URL"));
        assert_eq!(source("workers").as_deref(), Some("opentrace.toml"));
        assert_eq!(source("data").as_deref(), Some("default"));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = stack("[clickhouse]\nuri = \"http://a\"\n", &[], &[]).expect_err("unknown");
        assert_eq!(error.to_string(), "unknown setting `clickhouse.uri`: did you mean `clickhouse.url`?");
    }

    #[test]
    fn a_wrong_value_names_key_value_and_source() {
        let layers = stack("workers = \"many\"\n", &[], &[]).expect("well-formed");
        let error = layers.parse::<usize>("workers").expect_err("not a number");
        assert!(error.to_string().starts_with("`workers` is set to `many` by opentrace.toml"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let layers = stack("", &[("OPENTRACE_ADMIN_TOKEN", "hush-hush-hush")], &[]).expect("valid");
        assert!(!format!("{:?}", layers.rows()).contains("hush"));
        assert!(!layers.invalid("admin_token", "too short".into()).to_string().contains("hush"));
    }

    #[test]
    fn lists_come_from_arrays_and_from_commas() {
        let layers = stack("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]", &[], &[]).expect("valid");
        assert_eq!(layers.list::<String>("trusted_proxies").expect("texts"), ["10.0.0.0/8", "::1"]);
        let layers = stack("", &[("OPENTRACE_TRUSTED_PROXIES", " 10.0.0.0/8 , ")], &[]).expect("valid");
        assert_eq!(layers.list::<String>("trusted_proxies").expect("texts"), ["10.0.0.0/8"]);
    }
}
