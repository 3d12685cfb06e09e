//! Events of before, in files: the formats there are, and cutting a file into requests.
//!
//! The command line reads files by it, and `POST /api/v1/import` the file that is sent.

pub(crate) mod cut;
pub(crate) mod formats;
pub(crate) mod lines;

pub(crate) use cut::{Batch, Cut, Unreadable};
pub(crate) use formats::Format;
pub(crate) use lines::Lines;
