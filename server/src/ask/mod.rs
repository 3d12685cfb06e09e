//! What helps to read questions in words, where an operator wants it: a language model behind an
//! endpoint of their choice, and sentence embeddings on this machine. Both off unless they are set up.

mod encoder;
mod model;

use std::sync::Arc;

pub use self::encoder::{LazyEncoder, TextEncoder, TextEncoderError};
pub use self::model::{Model, ModelError};
use crate::config::AskConfig;

/// The helpers of this program. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Helpers {
    /// Reads what the rules refused.
    pub model: Option<Arc<Model>>,
    /// Orders what is offered instead.
    pub encoder: Option<Arc<LazyEncoder>>,
}

impl Helpers {
    /// Those that are configured.
    ///
    /// # Errors
    /// A client that cannot be made.
    pub fn new(config: &AskConfig) -> Result<Self, ModelError> {
        let model = config.model.as_ref().map(Model::new).transpose()?;
        let encoder = config.encoder.clone().map(LazyEncoder::new);
        Ok(Self { model: model.map(Arc::new), encoder: encoder.map(Arc::new) })
    }
}
