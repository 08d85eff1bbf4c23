//! `plugin.toml`: what a plugin folder says about itself.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::error::{Mistake, WorkshopError};
use crate::sources;

/// The file's name.
const FILE: &str = "plugin.toml";
/// A manifest is a few lines; more is some other file.
const BYTES_MAX: u64 = 64 << 10;
/// The longest name: it becomes a file name and a part of metrics.
const NAME_MAX: usize = 128;

/// A checked `plugin.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The plugin's name: lower-case letters, digits and `.`, `_`, `-`, at most 128.
    pub name: String,
    /// The language it is written in; for people.
    pub language: String,
    /// The command that builds it: by `sh`, in the folder.
    pub build: String,
    /// The command that builds it so that its component says which line of its source is which code;
    /// none where its toolchain cannot, or its author does not say how.
    pub debug: Option<String>,
    /// What either command makes, relative to the folder.
    pub artifact: PathBuf,
    /// The world to embed into the artifact, where the toolchain embeds none.
    pub world: Option<String>,
    /// Folder of the WIT package that holds the world, relative to the folder; none: the contract
    /// itself.
    pub wit: Option<PathBuf>,
}

impl Manifest {
    /// Reads and checks `folder/plugin.toml`.
    ///
    /// # Errors
    /// There is no such file, or something in it is wrong; the error says where.
    pub fn read(folder: &Path) -> Result<Self, WorkshopError> {
        let file = folder.join(FILE);
        let text = sources::read_text(&file, BYTES_MAX).map_err(|error| absent(error, folder))?;
        Ok(Self::parse(&file, &text)?)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Mistake> {
        let mistake = |span: Range<usize>, message: String| {
            Mistake::at(file, position(text, span.start), message)
        };
        let declaration: Declaration = toml::from_str(text).map_err(|error| {
            mistake(error.span().unwrap_or(0..0), error.message().replace('\n', ", "))
        })?;
        if let Some((span, fault)) = declaration.faults().next() {
            return Err(mistake(span, fault));
        }
        let Declaration { name, language, build, debug, artifact, world, wit } = declaration;
        Ok(Self {
            name: name.into_inner(),
            language: language.into_inner(),
            build: build.into_inner(),
            debug: debug.map(Spanned::into_inner),
            artifact: artifact.into_inner().into(),
            world: world.map(Spanned::into_inner),
            wit: wit.map(|wit| wit.into_inner().into()),
        })
    }

    /// Where the component of `folder` is or will be.
    #[must_use]
    pub fn component(&self, folder: &Path) -> PathBuf {
        folder.join("build").join(format!("{}.wasm", self.name))
    }
}

/// The file as it was typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    name: Spanned<String>,
    language: Spanned<String>,
    build: Spanned<String>,
    debug: Option<Spanned<String>>,
    artifact: Spanned<String>,
    world: Option<Spanned<String>>,
    wit: Option<Spanned<String>>,
}

impl Declaration {
    /// What is wrong beyond the types, in the order of the keys.
    fn faults(&self) -> impl Iterator<Item = (Range<usize>, String)> {
        let name = (!is_name(self.name.get_ref())).then(|| {
            let accepted =
                "lower-case letters, digits and `.`, `_`, `-`, beginning with a letter or digit";
            (self.name.span(), format!("`name` must be {accepted}, at most {NAME_MAX}"))
        });
        let texts =
            [("language", &self.language), ("build", &self.build), ("artifact", &self.artifact)];
        let debug = self.debug.iter().map(|debug| ("debug", debug));
        let empty =
            texts.into_iter().chain(debug).filter(|(_, text)| text.get_ref().trim().is_empty());
        let empty = empty.map(|(key, text)| (text.span(), format!("`{key}` must not be empty")));
        let alone = self.wit.iter().filter(|_| self.world.is_none()).map(|wit| {
            (wit.span(), "`wit` says where `world` is: give `world` as well".to_owned())
        });
        name.into_iter().chain(empty).chain(alone)
    }
}

fn is_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    name.len() <= NAME_MAX
        && name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Line and column, from 1, of byte `offset`.
fn position(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u64, column as u64)
}

/// Says plainly that a folder without the file is no plugin.
fn absent(error: WorkshopError, folder: &Path) -> WorkshopError {
    match error {
        WorkshopError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            let what = if folder.is_dir() {
                "no plugin folder: it has no plugin.toml"
            } else {
                "no such folder"
            };
            Mistake::of_file(folder, what).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
