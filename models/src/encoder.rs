//! Sentence embeddings: token numbers in, a direction of length one out.
//!
//! A BERT encoder (Devlin et al. 2019) as trained for sentences by Reimers and Gurevych (2019):
//! embeddings of token, place and kind, layers of attention and feed-forward, the mean over tokens.
//! Read from the files that such models are published in: `config.json` and `model.safetensors`.
//! Keeps the weights (91 MB for MiniLM of six layers); a sentence of ten tokens takes some 10 ms.

use std::path::{Path, PathBuf};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops};
use serde::Deserialize;

/// Tokens that are read of a sentence, as many as the model was trained with.
const LONGEST: usize = 128;
/// Layers that a model may have.
const MOST_LAYERS: usize = 48;

/// Why there is no encoder, or no vector.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("config.json is not that of a BERT encoder: {0}")]
    Config(String),
    #[error("the weights do not fit")]
    Weights(#[from] candle_core::Error),
    #[error("a sentence has at least one token")]
    Empty,
}

impl EncoderError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "encoder_unreadable",
            Self::Config(_) => "encoder_config",
            Self::Weights(_) => "encoder_weights",
            Self::Empty => "encoder_empty",
        }
    }
}

/// The shape of a model.
#[derive(Clone, Debug, Deserialize)]
struct Config {
    hidden_size: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    vocab_size: usize,
    layer_norm_eps: f64,
    hidden_act: String,
}

/// A model that is ready.
#[derive(Debug)]
pub struct Encoder {
    tokens: Embedding,
    places: Tensor,
    /// What is added for a sentence that stands by itself.
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    longest: usize,
}

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    joined: Linear,
    joined_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    norm: LayerNorm,
    heads: usize,
}

impl Encoder {
    /// Reads the model in a folder.
    ///
    /// # Errors
    /// [`EncoderError`].
    pub fn load(folder: &Path) -> Result<Self, EncoderError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|source| EncoderError::Read { path, source })
        };
        let config = serde_json::from_slice(&read("config.json")?)
            .map_err(|error| EncoderError::Config(error.to_string()))?;
        let weights = candle_core::safetensors::load_buffer(&read("model.safetensors")?, &Device::Cpu)?;
        Self::of(&config, &VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu))
    }

    fn of(config: &Config, weights: &VarBuilder<'_>) -> Result<Self, EncoderError> {
        check(config)?;
        let (hidden, eps) = (config.hidden_size, config.layer_norm_eps);
        let below = weights.pp("embeddings");
        let rows = |name: &str, rows: usize| embedding(rows, hidden, below.pp(name));
        let layers = (0..config.num_hidden_layers)
            .map(|place| Layer::of(config, &weights.pp(format!("encoder.layer.{place}"))))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            tokens: rows("word_embeddings", config.vocab_size)?,
            places: rows("position_embeddings", config.max_position_embeddings)?.embeddings().clone(),
            kind: rows("token_type_embeddings", config.type_vocab_size)?.embeddings().narrow(0, 0, 1)?,
            norm: layer_norm(hidden, eps, below.pp("LayerNorm"))?,
            layers,
            longest: config.max_position_embeddings.min(LONGEST),
        })
    }

    /// The vector of a sentence, given by the numbers of its tokens with those that mark its ends.
    ///
    /// # Errors
    /// [`EncoderError::Empty`], and [`EncoderError::Weights`] for a number that is no token's.
    pub fn encode(&self, tokens: &[u32]) -> Result<Vec<f32>, EncoderError> {
        let tokens = &tokens[..tokens.len().min(self.longest)];
        if tokens.is_empty() {
            return Err(EncoderError::Empty);
        }
        let given = Tensor::new(tokens, &Device::Cpu)?;
        let places = self.places.narrow(0, 0, tokens.len())?;
        let mut state = self.tokens.forward(&given)?.add(&places)?.broadcast_add(&self.kind)?;
        state = self.norm.forward(&state)?;
        for layer in &self.layers {
            state = layer.forward(&state)?;
        }
        let mean: Vec<f32> = state.mean(0)?.to_vec1()?;
        let length = mean.iter().map(|part| part * part).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        Ok(mean.into_iter().map(|part| part / length).collect())
    }
}

impl Layer {
    fn of(config: &Config, weights: &VarBuilder<'_>) -> Result<Self, candle_core::Error> {
        let (hidden, wide, eps) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let own = weights.pp("attention.self");
        let out = weights.pp("attention.output");
        Ok(Self {
            query: linear(hidden, hidden, own.pp("query"))?,
            key: linear(hidden, hidden, own.pp("key"))?,
            value: linear(hidden, hidden, own.pp("value"))?,
            joined: linear(hidden, hidden, out.pp("dense"))?,
            joined_norm: layer_norm(hidden, eps, out.pp("LayerNorm"))?,
            wide: linear(hidden, wide, weights.pp("intermediate.dense"))?,
            narrow: linear(wide, hidden, weights.pp("output.dense"))?,
            norm: layer_norm(hidden, eps, weights.pp("output.LayerNorm"))?,
            heads: config.num_attention_heads,
        })
    }

    /// `state` has a row for each token.
    fn forward(&self, state: &Tensor) -> Result<Tensor, candle_core::Error> {
        let (tokens, hidden) = state.dims2()?;
        let width = hidden / self.heads;
        // A head's view of every token: heads × tokens × width.
        let heads = |of: &Linear| {
            of.forward(state)?.reshape((tokens, self.heads, width))?.transpose(0, 1)?.contiguous()
        };
        let (query, key, value) = (heads(&self.query)?, heads(&self.key)?, heads(&self.value)?);
        let likeness = (query.matmul(&key.transpose(1, 2)?.contiguous()?)? / (width as f64).sqrt())?;
        let seen = ops::softmax(&likeness, D::Minus1)?.matmul(&value)?;
        let seen = seen.transpose(0, 1)?.contiguous()?.reshape((tokens, hidden))?;
        let state = self.joined_norm.forward(&self.joined.forward(&seen)?.add(state)?)?;
        let wide = self.wide.forward(&state)?.gelu_erf()?;
        self.norm.forward(&self.narrow.forward(&wide)?.add(&state)?)
    }
}

fn check(config: &Config) -> Result<(), EncoderError> {
    let wrong = |what: &str| Err(EncoderError::Config(what.to_owned()));
    if config.hidden_act != "gelu" {
        return wrong("its activation is not gelu");
    }
    if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
        return wrong("its heads do not divide its width");
    }
    if config.num_hidden_layers > MOST_LAYERS
        || config.max_position_embeddings == 0
        || config.type_vocab_size == 0
    {
        return wrong("its size is out of bounds");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const HIDDEN: usize = 6;
    const WIDE: usize = 10;
    const HEADS: usize = 2;
    const WORDS: usize = 12;
    const PLACES: usize = 8;

    fn config() -> Config {
        Config {
            hidden_size: HIDDEN,
            intermediate_size: WIDE,
            num_attention_heads: HEADS,
            num_hidden_layers: 2,
            max_position_embeddings: PLACES,
            type_vocab_size: 2,
            vocab_size: WORDS,
            layer_norm_eps: 1e-12,
            hidden_act: "gelu".to_owned(),
        }
    }

    type Named = HashMap<String, (Vec<usize>, Vec<f64>)>;

    /// Weights that look random and are the same every time.
    fn weights() -> Named {
        let mut state = 7_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as f64 / f64::from(1_u32 << 31)) - 0.5
        };
        let mut all = Named::new();
        let mut add = |name: String, shape: &[usize]| {
            let values = (0..shape.iter().product()).map(|_| next()).collect();
            all.insert(name, (shape.to_vec(), values));
        };
        add("embeddings.word_embeddings.weight".into(), &[WORDS, HIDDEN]);
        add("embeddings.position_embeddings.weight".into(), &[PLACES, HIDDEN]);
        add("embeddings.token_type_embeddings.weight".into(), &[2, HIDDEN]);
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..2 {
            let at = |part: &str| format!("encoder.layer.{layer}.{part}");
            let of = [
                ("attention.self.query", HIDDEN, HIDDEN),
                ("attention.self.key", HIDDEN, HIDDEN),
                ("attention.self.value", HIDDEN, HIDDEN),
                ("attention.output.dense", HIDDEN, HIDDEN),
                ("intermediate.dense", WIDE, HIDDEN),
                ("output.dense", HIDDEN, WIDE),
            ];
            for (part, out, into) in of {
                add(format!("{}.weight", at(part)), &[out, into]);
                add(format!("{}.bias", at(part)), &[out]);
            }
            norms.extend([at("attention.output.LayerNorm"), at("output.LayerNorm")]);
        }
        for norm in norms {
            add(format!("{norm}.weight"), &[HIDDEN]);
            add(format!("{norm}.bias"), &[HIDDEN]);
        }
        all
    }

    fn encoder(weights: &Named) -> Encoder {
        let tensors = weights.iter().map(|(name, (shape, values))| {
            let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            (name.clone(), Tensor::from_vec(values, shape.as_slice(), &Device::Cpu).expect("a tensor"))
        });
        let built = VarBuilder::from_tensors(tensors.collect(), DType::F32, &Device::Cpu);
        Encoder::of(&config(), &built).expect("an encoder")
    }

    /// The same by loops over numbers, as the papers write it.
    struct Naive<'a>(&'a Named);

    impl Naive<'_> {
        fn row(&self, name: &str, row: usize) -> Vec<f64> {
            self.0[name].1[row * HIDDEN..][..HIDDEN].to_vec()
        }

        fn linear(&self, name: &str, given: &[f64]) -> Vec<f64> {
            let (weight, bias) = (&self.0[&format!("{name}.weight")], &self.0[&format!("{name}.bias")].1);
            let into = weight.0[1];
            (0..weight.0[0])
                .map(|out| bias[out] + (0..into).map(|at| weight.1[out * into + at] * given[at]).sum::<f64>())
                .collect()
        }

        fn norm(&self, name: &str, given: &[f64]) -> Vec<f64> {
            let mean = given.iter().sum::<f64>() / given.len() as f64;
            let spread = given.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / given.len() as f64;
            let (weight, bias) =
                (self.row(&format!("{name}.weight"), 0), self.row(&format!("{name}.bias"), 0));
            (0..given.len())
                .map(|at| (given[at] - mean) / (spread + 1e-12).sqrt() * weight[at] + bias[at])
                .collect()
        }

        fn encode(&self, tokens: &[usize]) -> Vec<f64> {
            let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
            let mut rows: Vec<Vec<f64>> = tokens
                .iter()
                .enumerate()
                .map(|(place, token)| {
                    let word = self.row("embeddings.word_embeddings.weight", *token);
                    let place = self.row("embeddings.position_embeddings.weight", place);
                    let kind = self.row("embeddings.token_type_embeddings.weight", 0);
                    self.norm("embeddings.LayerNorm", &sum(&sum(&word, &place), &kind))
                })
                .collect();
            for layer in 0..2 {
                let at = |part: &str| format!("encoder.layer.{layer}.{part}");
                let of = |part: &str| rows.iter().map(|row| self.linear(&at(part), row)).collect::<Vec<_>>();
                let (query, key, value) =
                    (of("attention.self.query"), of("attention.self.key"), of("attention.self.value"));
                let width = HIDDEN / HEADS;
                let seen: Vec<Vec<f64>> = (0..rows.len())
                    .map(|i| {
                        (0..HIDDEN)
                            .map(|part| {
                                let head = part / width * width..part / width * width + width;
                                let likeness = |j: usize| {
                                    head.clone().map(|p| query[i][p] * key[j][p]).sum::<f64>()
                                        / (width as f64).sqrt()
                                };
                                let weights: Vec<f64> = (0..rows.len()).map(|j| likeness(j).exp()).collect();
                                let whole: f64 = weights.iter().sum();
                                (0..rows.len()).map(|j| weights[j] / whole * value[j][part]).sum()
                            })
                            .collect()
                    })
                    .collect();
                rows = rows
                    .iter()
                    .zip(&seen)
                    .map(|(row, seen)| {
                        let joined = self.linear(&at("attention.output.dense"), seen);
                        let row = self.norm(&at("attention.output.LayerNorm"), &sum(&joined, row));
                        let gelu = |x: f64| x / 2.0 * (1.0 + statrs::function::erf::erf(x / 2.0_f64.sqrt()));
                        let wide: Vec<f64> =
                            self.linear(&at("intermediate.dense"), &row).into_iter().map(gelu).collect();
                        self.norm(
                            &at("output.LayerNorm"),
                            &sum(&self.linear(&at("output.dense"), &wide), &row),
                        )
                    })
                    .collect();
            }
            let mean: Vec<f64> = (0..HIDDEN)
                .map(|at| rows.iter().map(|row| row[at]).sum::<f64>() / rows.len() as f64)
                .collect();
            let length = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
            mean.iter().map(|x| x / length).collect()
        }
    }

    #[test]
    fn a_sentence_is_what_the_loops_say() {
        let weights = weights();
        let encoder = encoder(&weights);
        for tokens in [vec![3_u32], vec![1, 5, 9, 2], vec![0, 11, 11, 4, 7, 2, 8, 1]] {
            let given = encoder.encode(&tokens).expect("a vector");
            let wanted =
                Naive(&weights).encode(&tokens.iter().map(|token| *token as usize).collect::<Vec<_>>());
            for (given, wanted) in given.iter().zip(&wanted) {
                assert!((f64::from(*given) - wanted).abs() < 1e-4, "{given} {wanted}");
            }
        }
    }

    #[test]
    fn what_is_no_sentence_is_an_error() {
        let encoder = encoder(&weights());
        assert!(matches!(encoder.encode(&[]), Err(EncoderError::Empty)));
        assert!(encoder.encode(&[WORDS as u32]).is_err());
        assert_eq!(encoder.encode(&[1; 40]).expect("the front of it").len(), HIDDEN);
        let nowhere = Encoder::load(Path::new("/nowhere")).expect_err("no files");
        assert_eq!(nowhere.code(), "encoder_unreadable");
        let odd = Config { num_attention_heads: 4, ..config() };
        assert!(check(&odd).is_err());
    }
}
