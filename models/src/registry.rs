//! The registry: versions of each model, and which of them is live.
//!
//! A folder per model holds a folder per version (`1`, `2`, …; see [`crate::artefact`]) and the file `live`
//! with the number of the version in use. A candidate becomes live only if it is better on held-out data
//! than what is live, judged on the same rows. Who adds a version takes its folder first: several may at once.
//!
//! Wrong when: several programs make versions of one model live at once; then one of them is.

use crate::artefact::{self, Manifest};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const LIVE: &str = "live";

/// What a version is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Trained, not in use.
    Candidate,
    /// Answers.
    Live,
}

/// A version and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Counts from 1; a number is never given twice.
    pub number: u32,
    /// Whether it is live.
    pub stage: Stage,
    /// Kind, training data, metrics.
    pub manifest: Manifest,
}

/// How a promotion went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Merit of the candidate on the held-out rows; more is better.
    pub candidate: f64,
    /// Merit of what was live, if anything was.
    pub live: Option<f64>,
    /// Whether the candidate is live now.
    pub promoted: bool,
}

/// All models below a folder.
#[derive(Clone, Debug)]
pub struct Registry {
    root: PathBuf,
}

impl Registry {
    /// The registry in `root`, which is made when the first model comes.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Registry { root: root.into() }
    }

    /// Names of all models, sorted.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names = entries(&self.root)?;
        names.retain(|name| well_named(name));
        names.sort_unstable();
        Ok(names)
    }

    /// The versions of a model, oldest first; none for an unknown one. What the end of a program cut off while it
    /// was written is no version, and its number is not given again.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Artefact`] if one cannot be read.
    pub fn versions(&self, name: &str) -> Result<Vec<Version>> {
        let live = self.live(name)?;
        let mut numbers = self.numbers(name)?;
        numbers.retain(|number| self.folder(name, *number).is_ok_and(|folder| artefact::is_there(&folder)));
        let version = |number: u32| {
            let manifest = artefact::manifest(&self.folder(name, number)?)?;
            let stage = if live == Some(number) { Stage::Live } else { Stage::Candidate };
            Ok(Version { number, stage, manifest })
        };
        numbers.into_iter().map(version).collect()
    }

    /// Adds a candidate; answers its number.
    ///
    /// # Errors
    /// Those of [`artefact::save`]; [`Error::Artefact`] for a name that is not made of letters, digits,
    /// `-`, `_` and `.`.
    pub fn add(&self, name: &str, manifest: &Manifest, model: &impl Serialize) -> Result<u32> {
        let (number, folder) = self.claim(name)?;
        artefact::save(&folder, manifest, model).map(|()| number).inspect_err(|_| give_up(&folder))
    }

    /// The number of the live version, if there is one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Artefact`] if it holds no number.
    pub fn live(&self, name: &str) -> Result<Option<u32>> {
        let path = self.model(name)?.join(LIVE);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let why =
                    || Error::Artefact { path: path.display().to_string(), why: "holds no number".into() };
                text.trim().parse().map(Some).map_err(|_| why())
            }
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { path: path.display().to_string(), source }),
        }
    }

    /// Makes a candidate live if its merit is larger than that of what is live; `judge` gives the merit of the
    /// model in a folder on held-out data.
    ///
    /// # Errors
    /// Those of `judge`, and of reading and writing the registry.
    pub fn promote(&self, name: &str, number: u32, judge: impl Fn(&Path) -> Result<f64>) -> Result<Trial> {
        let candidate = judge(&self.folder(name, number)?)?;
        let live = match self.live(name)? {
            Some(live) if live == number => {
                return Ok(Trial { candidate, live: Some(candidate), promoted: false });
            }
            Some(live) => Some(judge(&self.folder(name, live)?)?),
            None => None,
        };
        let promoted = candidate.is_finite() && live.is_none_or(|live| candidate > live);
        if promoted {
            self.set_live(name, number)?;
        }
        Ok(Trial { candidate, live, promoted })
    }

    /// Makes a version live without a trial.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Artefact`] if there is no such version or the registry cannot be written.
    pub fn set_live(&self, name: &str, number: u32) -> Result<()> {
        artefact::manifest(&self.folder(name, number)?)?;
        let path = self.model(name)?.join(LIVE);
        let part = path.with_extension("part");
        let io = |source| Error::Io { path: path.display().to_string(), source };
        std::fs::write(&part, format!("{number}\n")).map_err(io)?;
        std::fs::rename(&part, &path).map_err(io)
    }

    /// Removes a model with all its versions; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::Io`] if the file system refuses.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.model(name)?;
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { path: path.display().to_string(), source })
            }
            _ => Ok(()),
        }
    }

    /// Adds a candidate that lies in files already: answers its number. `place` puts them into the folder
    /// that it is given; what is not a model there is taken away again.
    ///
    /// # Errors
    /// Those of `place`, and [`Error::Artefact`] if what it placed is no model.
    pub fn adopt(&self, name: &str, place: impl FnOnce(&Path) -> Result<()>) -> Result<u32> {
        let (number, folder) = self.claim(name)?;
        let placed = place(&folder).and_then(|()| artefact::manifest(&folder));
        placed.map(|_| number).inspect_err(|_| give_up(&folder))
    }

    /// Where a version lies.
    ///
    /// # Errors
    /// [`Error::Artefact`] for a name that is not made of letters, digits, `-`, `_` and `.`.
    pub fn folder(&self, name: &str, number: u32) -> Result<PathBuf> {
        Ok(self.model(name)?.join(number.to_string()))
    }

    fn model(&self, name: &str) -> Result<PathBuf> {
        if well_named(name) {
            return Ok(self.root.join(name));
        }
        let why = "a model's name is made of letters, digits, `-`, `_` and `.`".to_owned();
        Err(Error::Artefact { path: name.to_owned(), why })
    }

    /// The next number and its folder, which nobody else is given: who makes it has it.
    fn claim(&self, name: &str) -> Result<(u32, PathBuf)> {
        let io = |path: &Path, source| Error::Io { path: path.display().to_string(), source };
        let model = self.model(name)?;
        std::fs::create_dir_all(&model).map_err(|source| io(&model, source))?;
        let mut number = self.numbers(name)?.last().map_or(1, |last| last + 1);
        loop {
            let folder = self.folder(name, number)?;
            match std::fs::create_dir(&folder) {
                Ok(()) => return Ok((number, folder)),
                Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(io(&folder, source)),
            }
        }
    }

    fn numbers(&self, name: &str) -> Result<Vec<u32>> {
        let mut numbers: Vec<u32> =
            entries(&self.model(name)?)?.iter().filter_map(|entry| entry.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// What is left of a version that could not be written would count as one that cannot be read.
fn give_up(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}

/// No path leaves the registry's folder.
fn well_named(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(allowed)
}

/// Names of the folders in a folder; none if it is not there.
fn entries(folder: &Path) -> Result<Vec<String>> {
    let io = |source| Error::Io { path: folder.display().to_string(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}
