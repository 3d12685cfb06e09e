//! Models on disk: a folder with `model.json` (what it is, and everything short) and `model.safetensors`
//! (the long rows of numbers, exactly).
//!
//! What is read may come from anywhere: sizes, places and numbers are checked before a model answers
//! ([`Sound`]).
//!
//! Wrong when: two programs write the same folder at once.

use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize_to_file};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const MODEL: &str = "model.json";
const WEIGHTS: &str = "model.safetensors";
/// Version of the layout.
const FORMAT: u32 = 1;
/// Rows of numbers from this length on are weights; text would round them in the last place.
const LONG: usize = 2;
/// Key under which `model.json` names a row of numbers in the other file.
const TENSOR: &str = "$tensor";

/// What a model is, without its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// For example `churn`, `segments`.
    pub kind: String,
    /// Seed of everything random in training.
    pub seed: u64,
    /// Rows that it was trained on.
    pub rows: usize,
    /// Hash of the training data, see [`fingerprint`].
    pub fingerprint: String,
    /// First and last moment of the training data, milliseconds since 1970, where it has times.
    pub window: Option<(i64, i64)>,
    /// Quality on held-out data, by name.
    pub metrics: BTreeMap<String, f64>,
}

/// What must be so of a model that was read, so that it can answer: that its parts fit together.
pub trait Sound {
    /// Whether it is so.
    ///
    /// # Errors
    /// What is not, in a few words.
    fn sound(&self) -> std::result::Result<(), &'static str>;
}

/// The largest number in a model: products of two, and sums of many such, stay finite.
const LARGEST: f64 = 1e100;

/// Whether numbers are finite and not so large that what is reckoned from them is not.
pub(crate) fn usable<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> bool {
    numbers.into_iter().all(|number| number.abs() <= LARGEST)
}

/// `Ok` where it holds, else what does not.
pub(crate) fn holds(condition: bool, else_what: &'static str) -> std::result::Result<(), &'static str> {
    if condition { Ok(()) } else { Err(else_what) }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    #[serde(flatten)]
    manifest: Manifest,
    parameters: Value,
}

/// The hash that tells one set of training data from another (BLAKE3 of its bytes).
pub fn fingerprint(data: &[u8]) -> String {
    blake3::hash(data).to_hex().to_string()
}

/// Writes a model into `folder`, which is made. Another model in the folder is replaced, `model.json` last.
///
/// # Errors
/// [`Error::Io`] if the file system refuses, [`Error::Artefact`] if the model cannot be written down.
pub fn save(folder: &Path, manifest: &Manifest, model: &impl Serialize) -> Result<()> {
    let bad = |why: String| Error::Artefact { path: folder.display().to_string(), why };
    let mut parameters = serde_json::to_value(model).map_err(|error| bad(error.to_string()))?;
    let mut tensors = BTreeMap::new();
    lift(&mut parameters, String::new(), &mut tensors);
    let saved = Saved { format: FORMAT, manifest: manifest.clone(), parameters };
    let text = serde_json::to_string_pretty(&saved).map_err(|error| bad(error.to_string()))?;

    let io = |path: &Path, source| Error::Io { path: path.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
    let views = tensors
        .iter()
        .map(|(name, bytes): (&String, &Vec<u8>)| {
            TensorView::new(Dtype::F64, vec![bytes.len() / 8], bytes).map(|view| (name.as_str(), view))
        })
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| bad(error.to_string()))?;
    serialize_to_file(views, None, &folder.join(WEIGHTS)).map_err(|error| bad(error.to_string()))?;
    let (part, path) = (folder.join("model.json.part"), folder.join(MODEL));
    std::fs::write(&part, text + "\n").map_err(|source| io(&part, source))?;
    std::fs::rename(&part, &path).map_err(|source| io(&path, source))
}

/// Whether there is a model in `folder`: one that was cut off while it was written is none.
pub fn is_there(folder: &Path) -> bool {
    folder.join(MODEL).is_file()
}

/// What the model in `folder` is.
///
/// # Errors
/// [`Error::Io`] if there is none, [`Error::Artefact`] if it is not readable.
pub fn manifest(folder: &Path) -> Result<Manifest> {
    read(folder).map(|saved| saved.manifest)
}

/// Reads a model of one of these kinds.
///
/// # Errors
/// Those of [`manifest`]; [`Error::Artefact`] for a model of another kind, or one whose parts do not fit.
pub fn load<T: DeserializeOwned + Sound>(folder: &Path, kinds: &[&str]) -> Result<(Manifest, T)> {
    let bad = |why: String| Error::Artefact { path: folder.display().to_string(), why };
    let Saved { manifest, mut parameters, .. } = read(folder)?;
    if !kinds.contains(&manifest.kind.as_str()) {
        return Err(bad(format!("it is of kind `{}`, want {}", manifest.kind, kinds.join(" or "))));
    }
    let path = folder.join(WEIGHTS);
    let bytes =
        std::fs::read(&path).map_err(|source| Error::Io { path: path.display().to_string(), source })?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| bad(error.to_string()))?;
    lower(&mut parameters, &tensors).map_err(bad)?;
    let model: T = serde_json::from_value(parameters).map_err(|error| bad(error.to_string()))?;
    model.sound().map_err(|why| bad(format!("its parts do not fit: {why}")))?;
    Ok((manifest, model))
}

fn read(folder: &Path) -> Result<Saved> {
    let path = folder.join(MODEL);
    let bad = |why: String| Error::Artefact { path: path.display().to_string(), why };
    let text = std::fs::read_to_string(&path)
        .map_err(|source| Error::Io { path: path.display().to_string(), source })?;
    let saved: Saved = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    if saved.format != FORMAT {
        return Err(bad(format!("its format is {}, want {FORMAT}", saved.format)));
    }
    Ok(saved)
}

/// Moves long rows of floating-point numbers out of `value`, named by where they were.
fn lift(value: &mut Value, path: String, tensors: &mut BTreeMap<String, Vec<u8>>) {
    match value {
        Value::Array(items) if items.len() >= LONG && items.iter().all(Value::is_f64) => {
            let numbers = items.iter().filter_map(Value::as_f64);
            tensors.insert(path.clone(), numbers.flat_map(f64::to_le_bytes).collect());
            *value = json!({ TENSOR: path });
        }
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(at, item)| lift(item, format!("{path}/{at}"), tensors));
        }
        Value::Object(entries) => {
            entries.iter_mut().for_each(|(name, item)| lift(item, format!("{path}/{name}"), tensors));
        }
        _ => {}
    }
}

/// Puts them back.
fn lower(value: &mut Value, tensors: &SafeTensors<'_>) -> std::result::Result<(), String> {
    if let Some(name) = value.as_object().and_then(|entries: &Map<String, Value>| entries.get(TENSOR)) {
        let name = name.as_str().unwrap_or_default();
        let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
        if tensor.dtype() != Dtype::F64 {
            return Err(format!("`{name}` is not of 64-bit numbers"));
        }
        let numbers = tensor.data().chunks_exact(8).map(|bytes| {
            let number = f64::from_le_bytes(bytes.try_into().unwrap_or_default());
            if number.is_finite() { Ok(json!(number)) } else { Err(format!("`{name}` holds {number}")) }
        });
        *value = Value::Array(numbers.collect::<std::result::Result<_, _>>()?);
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| lower(item, tensors)),
        Value::Object(entries) => entries.values_mut().try_for_each(|item| lower(item, tensors)),
        _ => Ok(()),
    }
}
