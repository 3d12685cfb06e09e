//! Sentence embeddings of what is asked and of what is offered, by MiniLM on this machine.
//!
//! Read when the first question needs it. Keeps from then on the weights, and the vectors of the
//! sentences seen lately: 1.5 kB each, a thousand at most.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use opentrace_models::encoder::{Encoder, EncoderError};
use opentrace_query::ask;
use quick_cache::sync::Cache;
use tokenizers::Tokenizer;

/// Sentences whose vectors are kept.
const KEPT: usize = 1_000;

/// A tokeniser and the model it belongs to.
#[derive(Debug)]
pub struct TextEncoder {
    tokenizer: Tokenizer,
    encoder: Encoder,
    seen: Cache<String, Arc<[f32]>>,
}

/// The encoder of a folder, read when it is needed.
#[derive(Debug)]
pub struct LazyEncoder {
    folder: PathBuf,
    read: OnceLock<Option<TextEncoder>>,
}

impl LazyEncoder {
    /// Of a folder that holds what [`TextEncoder::load`] reads.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, read: OnceLock::new() }
    }
}

impl ask::Encoder for LazyEncoder {
    fn encode(&self, sentence: &str) -> Option<Arc<[f32]>> {
        let encoder = self.read.get_or_init(|| match TextEncoder::load(&self.folder) {
            Ok(encoder) => Some(encoder),
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "no encoder of questions");
                None
            }
        });
        encoder.as_ref()?.encode(sentence)
    }
}

/// Why there is no encoder.
#[derive(Debug, thiserror::Error)]
pub enum TextEncoderError {
    #[error("tokenizer.json cannot be read: {0}")]
    Tokenizer(String),
    #[error(transparent)]
    Model(#[from] EncoderError),
}

impl TextEncoder {
    /// Reads `tokenizer.json`, `config.json` and `model.safetensors` of a folder.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn load(folder: &Path) -> Result<Self, TextEncoderError> {
        let unread = |error: tokenizers::Error| TextEncoderError::Tokenizer(error.to_string());
        let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).map_err(unread)?;
        // One sentence at a time needs no filling up.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(unread)?;
        Ok(Self { tokenizer, encoder: Encoder::load(folder)?, seen: Cache::new(KEPT) })
    }
}

impl ask::Encoder for TextEncoder {
    fn encode(&self, sentence: &str) -> Option<Arc<[f32]>> {
        if let Some(known) = self.seen.get(sentence) {
            return Some(known);
        }
        let tokens = self.tokenizer.encode(sentence, true).ok()?;
        let vector: Arc<[f32]> = self.encoder.encode(tokens.get_ids()).ok()?.into();
        self.seen.insert(sentence.to_owned(), Arc::clone(&vector));
        Some(vector)
    }
}

#[cfg(test)]
mod tests {
    use opentrace_query::ask::Encoder;

    use super::*;

    /// The folder that `make encoder` fills.
    #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn installed() -> Option<TextEncoder> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../minilm");
        if !folder.join("model.safetensors").is_file() {
            eprintln!("skipped: `make encoder` has not installed the weights");
            return None;
        }
        Some(TextEncoder::load(&folder).expect("an encoder"))
    }

    #[test]
    fn like_meanings_are_near() {
        let Some(encoder) = installed() else { return };
        let near = |a: &str, b: &str| -> f32 {
            let (a, b) = (encoder.encode(a).expect("a vector"), encoder.encode(b).expect("a vector"));
            assert_eq!(a.len(), 384);
            a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
        };
        assert!((near("visitors by country", "visitors by country") - 1.0).abs() < 1e-4);
        for (question, like, unlike) in [
            ("how much money came in", "revenue by country", "visitors by browser"),
            ("which nations do people live in", "visitors by country", "scroll depth by page"),
            ("do people come back", "weekly retention", "average order value this quarter"),
            (
                "who is on the website at this moment",
                "how many people are online right now",
                "revenue by campaign",
            ),
        ] {
            assert!(near(question, like) > near(question, unlike), "{question}");
        }
    }

    #[test]
    fn a_folder_without_a_model_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(TextEncoder::load(folder.path()), Err(TextEncoderError::Tokenizer(_))));
    }
}
