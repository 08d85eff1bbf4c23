//! A new plugin folder: the language's template, with the SDK of this very version beside it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::error::{Mistake, WorkshopError};
use crate::language::Language;

/// A name becomes that of a crate, a Go module, a Python module and an npm package.
const NAME_MAX: usize = 64;
/// A template's file of this name is written as `.gitignore`: under that name it would hide files of
/// the SDK's own repository.
const IGNORE_FILE: &str = "gitignore";

/// The SDKs, their templates, the contract and the toolchains' scripts, without what building them
/// leaves behind.
#[derive(RustEmbed)]
#[folder = "../../sdk"]
#[include = "wit/**"]
#[include = "toolchains/*"]
#[include = "rust/**"]
#[include = "go/**"]
#[include = "python/**"]
#[include = "javascript/**"]
#[include = "c/**"]
#[exclude = "*/target/**"]
#[exclude = "**/node_modules/**"]
#[exclude = "**/__pycache__/**"]
#[exclude = "*/build/**"]
struct Sdk;

/// A folder that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The plugin's name: the folder's.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The script that installs the language's tools, in the folder.
    pub toolchain: PathBuf,
}

/// Makes `folder`, whose last part is the plugin's name, a plugin in `language`. The SDK goes into
/// `folder/sdk`, so the folder builds wherever it is moved to. All of it appears at once, or nothing.
///
/// # Errors
/// The folder is there already, its name cannot be a plugin's, or it cannot be written.
pub fn new(folder: &Path, language: Language) -> Result<Created, WorkshopError> {
    let name = name(folder)?;
    if fs::symlink_metadata(folder).is_ok() {
        let message = "it is there already: give another name, or remove it first";
        return Err(Mistake::of_file(folder, message).into());
    }
    let beside = beside(folder)?;
    let made = write(&beside, &name, language).and_then(|()| {
        fs::rename(&beside, folder).map_err(|error| WorkshopError::io("create", folder, error))
    });
    if let Err(error) = made {
        // The first error is the one to report.
        let _ = fs::remove_dir_all(&beside);
        return Err(error);
    }
    let toolchain = Path::new("sdk/toolchains").join(language.sdk()).with_extension("sh");
    Ok(Created { name, folder: folder.to_owned(), toolchain })
}

/// The script that installs what plugins in `language` need; empty where there is none.
pub(crate) fn toolchain_script(language: &str) -> Vec<u8> {
    let script = Sdk::get(&format!("toolchains/{language}.sh"));
    script.map(|file| file.data.into_owned()).unwrap_or_default()
}

fn name(folder: &Path) -> Result<String, Mistake> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = name.len() <= NAME_MAX
        && name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-');
    if fits {
        return Ok(name.to_owned());
    }
    let accepted = "lower-case letters, digits and `-`, beginning with a letter";
    Err(Mistake::of_file(folder, format!("a plugin's name has {accepted}, at most {NAME_MAX}")))
}

/// A folder beside the new one, on the same disk.
fn beside(folder: &Path) -> Result<PathBuf, WorkshopError> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| WorkshopError::io("create", parent, error))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}.{}", std::process::id()));
    match fs::create_dir(&beside) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(WorkshopError::io("create", &beside, error))
        }
        _ => Ok(beside),
    }
}

fn write(folder: &Path, name: &str, language: Language) -> Result<(), WorkshopError> {
    let template = format!("{}/{}/", language.sdk(), language.template());
    for file in Sdk::iter() {
        let Some(content) = Sdk::get(&file) else { continue };
        if let Some(place) = file.strip_prefix(&template) {
            put(&folder.join(renamed(place, name)), filled(&content.data, name).as_bytes())?;
        } else if is_wanted(&file, language) {
            put(&folder.join("sdk").join(&*file), &content.data)?;
        }
    }
    Ok(())
}

/// Whether `file` is of the language's SDK, of the contract, or the toolchain's script.
fn is_wanted(file: &str, language: Language) -> bool {
    let Some((top, rest)) = file.split_once('/') else { return false };
    match top {
        "wit" => true,
        "toolchains" => rest.split_once('.').is_some_and(|(name, _)| name == language.sdk()),
        _ => top == language.sdk() && !rest.starts_with("template"),
    }
}

fn renamed(place: &str, name: &str) -> PathBuf {
    let place = filled(place.as_bytes(), name);
    match place.strip_suffix(IGNORE_FILE) {
        Some(folder) => format!("{folder}.gitignore").into(),
        None => place.into(),
    }
}

/// A template's text with the plugin's name: `{{name}}`, and `{{snake}}` where a language takes no
/// `-`.
fn filled(text: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(text);
    text.replace("{{name}}", name).replace("{{snake}}", &name.replace('-', "_"))
}

fn put(path: &Path, content: &[u8]) -> Result<(), WorkshopError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| WorkshopError::io("create", folder, error))?;
    fs::write(path, content).map_err(|error| WorkshopError::io("write", path, error))
}

#[cfg(test)]
mod tests;
