//! Channels: kept with their secrets sealed, opened for the dispatcher.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentrace_alerts::channel::{Channel, Event, Kind, Message, Notice, NoticeData, SendError, Settings};
use opentrace_alerts::guard::Secret;
use opentrace_alerts::rule::{Duration, RuleError, RuleId};
use opentrace_events::SiteId;
use opentrace_store::StoreError;
use opentrace_store::meta::AlertChannelRecord;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Alerts;
use super::bench::{Manner, at};
use super::manage::AlertError;
use super::whom::ChannelName;
use crate::clock;

const LONGEST_NAME: usize = 200;
/// Channels of an installation.
const MOST: usize = 1_000;
const UNREADABLE: &str =
    "start with the key that they were kept with, or give every field of the channel again";
/// Messages to people are collected for at most so long.
const LONGEST_DIGEST: i64 = 7 * 86_400;

/// Channels that are kept, by id.
#[derive(Debug, Default)]
pub(super) struct Channels {
    held: Mutex<BTreeMap<Uuid, Held>>,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) record: AlertChannelRecord,
    pub(super) settings: Settings,
    open: Result<Arc<dyn Channel>, RuleError>,
}

/// What a channel is made of or changed to, as it was asked for, secrets included.
#[derive(Clone)]
pub struct ChannelChange {
    pub body: Map<String, Value>,
    /// The site it belongs to; `None` for every site.
    pub site: Option<SiteId>,
}

impl std::fmt::Debug for ChannelChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelChange").field("site", &self.site).finish_non_exhaustive()
    }
}

/// A channel as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelView {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub site_id: Option<String>,
    #[serde(flatten)]
    pub config: Map<String, Value>,
    /// Of a webhook whose secret was just made, and only then.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "revealed")]
    pub secret: Option<Secret>,
    /// Why nothing can be sent.
    pub problem: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
}

impl Held {
    fn digest(&self) -> Option<i64> {
        let length = self.settings.config.get("digest").and_then(Value::as_str)?;
        Duration::parse("digest", length).ok().map(Duration::millis).filter(|length| *length > 0)
    }

    pub(super) fn manner(&self) -> Manner {
        Manner { graph: matches!(self.record.kind.as_str(), "telegram" | "discord"), digest: self.digest() }
    }
}

impl Channels {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&self) -> Vec<Held> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn get(&self, id: Uuid) -> Option<Held> {
        self.lock().get(&id).cloned()
    }

    pub(super) fn names(&self) -> Vec<ChannelName> {
        let name = |held: &Held| ChannelName {
            id: held.record.id,
            name: held.record.name.clone(),
            site: held.record.site,
        };
        self.lock().values().map(name).collect()
    }
}

impl Alerts {
    pub(super) async fn load_channels(&self) -> Result<(), StoreError> {
        for record in self.shared.meta.alert_channels().await? {
            match self.unseal(&record) {
                Ok(settings) => drop(self.hold(record, settings)),
                Err(error) => {
                    tracing::error!(channel = %record.id, %error, "the secrets of a channel cannot be read");
                    let settings = Settings::default();
                    let open = Err(RuleError::new("secrets", error.to_string()).hint(UNREADABLE));
                    self.shared.channels.lock().insert(record.id, Held { record, settings, open });
                }
            }
        }
        let manners = self.shared.channels.all().into_iter().map(|held| (held.record.id, held.manner()));
        self.shared.bench.lock().await.manners = manners.collect();
        Ok(())
    }

    /// Has the messages of every channel sent.
    pub(super) fn serve_channels(&self) {
        for held in self.shared.channels.all() {
            self.serve(&held);
        }
    }

    fn serve(&self, held: &Held) {
        match &held.open {
            Ok(channel) => {
                self.shared.dispatcher.serve(held.record.id, Arc::clone(channel), held.digest().is_some());
            }
            Err(error) => {
                self.shared.dispatcher.quit(held.record.id);
                tracing::warn!(channel = held.record.name, %error, "a channel cannot be used");
            }
        }
    }

    fn hold(&self, record: AlertChannelRecord, settings: Settings) -> Held {
        let open = Kind::named(&record.kind).and_then(|kind| (kind.open)(&settings, &self.shared.outside));
        let held = Held { record, settings, open };
        self.shared.channels.lock().insert(held.record.id, held.clone());
        held
    }

    fn unseal(&self, record: &AlertChannelRecord) -> Result<Settings, AlertError> {
        let secrets = self.shared.vault.open(&record.id.to_string(), &record.secrets)?;
        Ok(Settings::restore(&record.config, secrets.reveal())?)
    }

    /// Every channel that `may` be seen, oldest first.
    pub fn channels(&self, may: impl Fn(Option<SiteId>) -> bool) -> Vec<ChannelView> {
        let mut held = self.shared.channels.all();
        held.retain(|held| may(held.record.site));
        held.sort_by_key(|held| (held.record.created_at, held.record.id));
        held.iter().map(|held| self.channel_view(held)).collect()
    }

    /// A channel and the site it belongs to.
    pub fn channel(&self, id: Uuid) -> Option<(ChannelView, Option<SiteId>)> {
        self.shared.channels.get(id).map(|held| (self.channel_view(&held), held.record.site))
    }

    fn channel_view(&self, held: &Held) -> ChannelView {
        let site = held.record.site.and_then(|site| self.shared.sites.get(site));
        ChannelView {
            id: held.record.id,
            kind: held.record.kind.clone(),
            name: held.record.name.clone(),
            site_id: site.map(|site| site.domain.clone()),
            config: held.settings.config.clone(),
            secret: None,
            problem: held.open.as_ref().err().map(ToString::to_string),
            created_at: held.record.created_at,
            updated_at: held.record.updated_at,
        }
    }

    /// Makes a channel. The secret of a webhook is in the answer, and in no other.
    ///
    /// # Errors
    /// The first field that is wrong, and those of the metadata database.
    pub async fn create_channel(&self, change: ChannelChange) -> Result<ChannelView, AlertError> {
        if self.shared.channels.lock().len() >= MOST {
            return Err(RuleError::new("channel", format!("there are {MOST} channels already")).into());
        }
        let id = Uuid::now_v7();
        let now = clock::now().0;
        let mut body = change.body;
        let kind = Kind::named(body.remove("type").as_ref().and_then(Value::as_str).unwrap_or_default())?;
        let (name, settings) = read(kind, body)?;
        let record = AlertChannelRecord {
            id,
            site: change.site,
            kind: kind.name.to_owned(),
            name: name.unwrap_or_else(|| kind.name.to_owned()),
            config: String::new(),
            secrets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let held = self.keep(record, settings).await?;
        let mut view = self.channel_view(&held);
        view.secret = held.settings.secrets.get("secret").cloned();
        Ok(view)
    }

    /// Changes the fields of a channel that are given; `null` takes one away. A webhook whose secret is taken away
    /// gets another one, which is in the answer and in no other.
    ///
    /// # Errors
    /// As [`Alerts::create_channel`], and [`AlertError::Unknown`].
    pub async fn change_channel(
        &self,
        id: Uuid,
        fields: Map<String, Value>,
    ) -> Result<ChannelView, AlertError> {
        let held = self.shared.channels.get(id).ok_or(AlertError::Unknown { what: "channel" })?;
        let kind = Kind::named(&held.record.kind)?;
        let another = fields.get("secret").is_some_and(Value::is_null);
        let mut body = held.settings.body();
        for (field, value) in fields {
            match (field.as_str(), value.is_null()) {
                ("type", false) if value == held.record.kind.as_str() => {}
                ("type", _) => return Err(RuleError::new("type", "cannot be changed").into()),
                (_, true) => drop(body.remove(&field)),
                (_, false) => drop(body.insert(field, value)),
            }
        }
        let (name, mut settings) = read(kind, body)?;
        settings.succeed(&held.settings);
        let name = name.unwrap_or(held.record.name);
        let record = AlertChannelRecord { name, updated_at: clock::now().0, ..held.record };
        let held = self.keep(record, settings).await?;
        let secret = held.settings.secrets.get("secret").filter(|_| another).cloned();
        Ok(ChannelView { secret, ..self.channel_view(&held) })
    }

    /// Keeps a channel by other settings, and sends by them from now on.
    pub(super) async fn keep(
        &self,
        record: AlertChannelRecord,
        settings: Settings,
    ) -> Result<Held, AlertError> {
        // Whoever sets up a channel learns at once that it cannot work.
        (Kind::named(&record.kind)?.open)(&settings, &self.shared.outside)?;
        let secrets = Secret::new(settings.secrets_json());
        let record = AlertChannelRecord {
            config: Value::Object(settings.config.clone()).to_string(),
            secrets: self.shared.vault.seal(&record.id.to_string(), &secrets)?,
            ..record
        };
        self.shared.meta.put_alert_channel(&record).await?;
        let held = self.hold(record, settings);
        self.shared.bench.lock().await.manners.insert(held.record.id, held.manner());
        self.readdress().await;
        self.shared.meta.hasten_messages(&held.record.id.to_string()).await?;
        self.serve(&held);
        self.listen_to_telegram();
        Ok(held)
    }

    /// Removes a channel, and what waits for it.
    ///
    /// # Errors
    /// Those of the metadata database.
    pub async fn delete_channel(&self, id: Uuid) -> Result<(), AlertError> {
        self.shared.dispatcher.quit(id);
        self.shared.bench.lock().await.manners.remove(&id);
        self.shared.channels.lock().remove(&id);
        self.shared.meta.delete_alert_channel(id).await?;
        self.readdress().await;
        // Nobody is told by its bot any longer.
        self.listen_to_telegram();
        Ok(())
    }

    /// Sends a channel a test message, now, and says how that went.
    ///
    /// # Errors
    /// [`AlertError::Unknown`].
    pub async fn test_channel(&self, id: Uuid) -> Result<Result<(), SendError>, AlertError> {
        let held = self.shared.channels.get(id).ok_or(AlertError::Unknown { what: "channel" })?;
        let channel = held.open?;
        let now = at(clock::now().0);
        let site = held.record.site.and_then(|site| self.shared.sites.get(site));
        let data = NoticeData {
            alert_id: RuleId(Uuid::nil()),
            name: format!("Channel {}", held.record.name),
            site_id: site.map_or_else(|| "example.com".to_owned(), |site| site.domain.clone()),
            value: 0.0,
            condition: serde_json::json!({ "type": "test" }),
            band: None,
            group: None,
            started_at: now,
            reason: None,
            url: self.shared.public_url.clone(),
        };
        let message = Message {
            id: format!("msg_{}", Uuid::now_v7().simple()),
            opening: None,
            notice: Notice { event: Event::Test, timestamp: now, data },
            about: "a test".to_owned(),
            graph: None,
        };
        Ok(channel.send(&[message]).await)
    }

    /// Puts messages that were given up back in the queue; returns how many.
    ///
    /// # Errors
    /// Those of the metadata database.
    pub async fn replay(&self, id: Uuid, message: Option<&str>) -> Result<u64, AlertError> {
        let replayed = self.shared.meta.replay_messages(&id.to_string(), message).await?;
        self.shared.dispatcher.ring(id);
        Ok(replayed)
    }
}

fn revealed<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::reveal).serialize(serializer)
}

/// Reads what every channel has, and what its kind has.
fn read(kind: &Kind, mut body: Map<String, Value>) -> Result<(Option<String>, Settings), RuleError> {
    body.remove("site_id");
    let name = match body.remove("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME => {
            Some(name.trim().to_owned())
        }
        Some(_) => {
            return Err(RuleError::new("name", format!("must be text of 1 to {LONGEST_NAME} characters")));
        }
    };
    let digest = match body.remove("digest") {
        None | Some(Value::Null) => None,
        Some(Value::String(length)) => {
            let length = Duration::parse("digest", &length)?;
            if !(60..=LONGEST_DIGEST).contains(&length.seconds()) {
                return Err(RuleError::new("digest", "must be from 1m to 7d"));
            }
            if kind.name == "webhook" {
                return Err(RuleError::new("digest", "is for channels that people read")
                    .hint("a program is told of each alert at once"));
            }
            Some(length)
        }
        Some(_) => return Err(RuleError::new("digest", "must be a length of time such as 1h")),
    };
    let mut settings = (kind.read)(&Value::Object(body))?;
    if let Some(digest) = digest {
        settings.config.insert("digest".to_owned(), Value::from(digest.to_string()));
    }
    Ok((name, settings))
}
