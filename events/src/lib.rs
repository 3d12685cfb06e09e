//! The event model of OpenTrace: what an event is, how one is validated, who sent it without saying
//! who that is, and what is known about it.
//!
//! A leaf crate: it knows no storage, no network and no dataflow.

pub mod accept;
pub mod access_log;
pub mod define;
pub mod enrich;
pub mod identity;
pub mod ids;
pub mod limits;
pub mod model;
pub mod money;
pub mod native;
pub mod rejection;
pub mod site;

pub use accept::{Acceptor, Origin};
pub use ids::{DefinitionId, SiteId, Timestamp, VisitorId};
pub use limits::Limits;
pub use model::{Event, Kind, PAGEVIEW, Page, Visit};
pub use native::NativeEvent;
pub use rejection::Rejection;
pub use site::{Site, Sites};
