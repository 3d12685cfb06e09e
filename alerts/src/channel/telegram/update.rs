//! What people do: commands and buttons.

use serde_json::Value;
use uuid::Uuid;

use crate::evaluate::OpeningId;

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub id: i64,
    pub chat: i64,
    /// Who it was, for people.
    pub who: String,
    pub input: Input,
}

/// What they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// `/name rest`
    Command { name: String, rest: String },
    /// A button under a message. `button` is what the answer must name.
    Button { button: String, action: Action, opening: OpeningId },
    /// The chat became another one.
    Moved { to: i64 },
    /// Anything else, which needs no answer.
    Other,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Acknowledge,
    /// For an hour.
    Mute,
}

impl Action {
    /// What the button sends back.
    pub(super) fn data(self, opening: OpeningId) -> String {
        let name = match self {
            Self::Acknowledge => "ack",
            Self::Mute => "mute",
        };
        format!("{name}:{}", opening.0.simple())
    }

    fn parse(data: &str) -> Option<(Self, OpeningId)> {
        let (name, opening) = data.split_once(':')?;
        let action = match name {
            "ack" => Self::Acknowledge,
            "mute" => Self::Mute,
            _ => return None,
        };
        Some((action, OpeningId(Uuid::try_parse(opening).ok()?)))
    }
}

impl Update {
    pub(super) fn read(update: &Value) -> Option<Self> {
        let id = update["update_id"].as_i64()?;
        let query = &update["callback_query"];
        let message = if query.is_object() { &query["message"] } else { &update["message"] };
        let from = if query.is_object() { &query["from"] } else { &message["from"] };
        let chat = message["chat"]["id"].as_i64().unwrap_or_default();
        let name = ["username", "first_name"].into_iter().find_map(|field| from[field].as_str());
        let who = name.unwrap_or("somebody").to_owned();
        let input =
            if query.is_object() { button(query) } else { moved(message).or_else(|| command(message)) };
        Some(Self { id, chat, who, input: input.unwrap_or(Input::Other) })
    }
}

fn button(query: &Value) -> Option<Input> {
    let (action, opening) = Action::parse(query["data"].as_str()?)?;
    Some(Input::Button { button: query["id"].as_str()?.to_owned(), action, opening })
}

/// A group that became a supergroup says so in the group.
fn moved(message: &Value) -> Option<Input> {
    message["migrate_to_chat_id"].as_i64().map(|to| Input::Moved { to })
}

fn command(message: &Value) -> Option<Input> {
    let text = message["text"].as_str()?.strip_prefix('/')?;
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    // In groups commands are written `/status@name_of_the_bot`.
    let name = name.split('@').next().unwrap_or_default().to_lowercase();
    Some(Input::Command { name, rest: rest.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_and_buttons_are_read_and_nothing_else() {
        let read = |update: Value| Update::read(&update).map(|update| update.input);
        let said = |text: &str| json!({ "update_id": 5, "message": { "chat": { "id": -7 }, "text": text } });
        assert_eq!(
            read(said("/Start@trace_bot  abc ")),
            Some(Input::Command { name: "start".to_owned(), rest: "abc".to_owned() })
        );
        assert_eq!(read(said("hello")), Some(Input::Other));
        let moved =
            json!({ "update_id": 5, "message": { "chat": { "id": -7 }, "migrate_to_chat_id": -1007 } });
        assert_eq!(read(moved), Some(Input::Moved { to: -1007 }));
        let opening = OpeningId(Uuid::from_u128(9));
        let data = Action::Mute.data(opening);
        assert!(data.len() <= 64);
        let pressed = json!({ "update_id": 6, "callback_query": {
            "id": "q", "data": data, "from": { "username": "ann" }, "message": { "chat": { "id": 3 } },
        } });
        let update = Update::read(&pressed).expect("an update");
        assert_eq!((update.id, update.chat, update.who.as_str()), (6, 3, "ann"));
        assert_eq!(update.input, Input::Button { button: "q".to_owned(), action: Action::Mute, opening });
        assert_eq!(read(json!({ "update_id": 7, "callback_query": { "data": "x" } })), Some(Input::Other));
        assert_eq!(Update::read(&json!({})), None);
    }
}
