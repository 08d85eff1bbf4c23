//! Who we are to a registry: users and passwords as `docker login` keeps them in `config.json`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

use crate::error::PullError;

/// A larger file is no such configuration.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the file holds of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) auth: RegistryAuth,
    /// Why there may be none, as the end of a sentence.
    pub(crate) note: &'static str,
}

/// What docker itself writes and we read; it writes more.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Entry {
    auth: Option<String>,
}

/// What the file at `path` holds of `registry`; nobody in particular where there is no file.
pub(crate) fn of(registry: &str, path: Option<&Path>) -> Result<Credentials, PullError> {
    let Some(path) = path else { return Ok(anonymous("no home, so no docker configuration")) };
    let Some(text) = read(path)? else { return Ok(anonymous("no docker configuration file")) };
    let unusable = |what: String| PullError::Credentials(format!("{}: {what}", path.display()));
    let configuration: Configuration =
        serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
    let Configuration { mut auths, creds_store, cred_helpers } = configuration;
    let entry = names(registry).iter().find_map(|name| auths.remove(name)).unwrap_or_default();
    let helped = creds_store.is_some() || cred_helpers.contains_key(registry);
    match entry.auth.filter(|auth| !auth.is_empty()) {
        Some(auth) => match decoded(&auth) {
            Some(auth) => Ok(Credentials { auth, note: "those of the docker configuration file" }),
            None => Err(unusable(format!("`auths`, `{registry}`: `auth` is no user and password"))),
        },
        None if helped => Ok(anonymous("credential helpers of docker are not asked")),
        None => Ok(anonymous("the docker configuration file has none for it")),
    }
}

/// How the file may call a registry.
fn names(registry: &str) -> [String; 4] {
    [
        registry.to_owned(),
        format!("https://{registry}"),
        format!("https://{registry}/v1/"),
        format!("https://{registry}/v2/"),
    ]
}

fn anonymous(note: &'static str) -> Credentials {
    Credentials { auth: RegistryAuth::Anonymous, note }
}

fn decoded(auth: &str) -> Option<RegistryAuth> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(RegistryAuth::Basic(user.to_owned(), password.to_owned()))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, PullError> {
    let unreadable = |what: String| PullError::Credentials(format!("{}: {what}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut text = Vec::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text);
    read.map_err(|error| unreadable(error.to_string()))?;
    match text.len() as u64 > FILE_BYTES_MAX {
        true => Err(unreadable(format!("larger than {FILE_BYTES_MAX} bytes"))),
        false => Ok(Some(text)),
    }
}

#[cfg(test)]
mod tests {

    use oci_client::secrets::RegistryAuth;

    use super::{Credentials, of};

    fn look_up(registry: &str, content: &str) -> Result<Credentials, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, content).unwrap();
        of(registry, Some(&path)).map_err(|error| error.to_string())
    }

    #[test]
    fn users_and_passwords_are_found_by_the_names_that_docker_gives_registries() {
        // `anna:s:ecret`.
        let content = r#"{"auths": {"a.example:5000": {"auth": "YW5uYTpzOmVjcmV0"},
                                    "https://b.example": {"auth": "YW5uYTpzOmVjcmV0"}}}"#;
        let anna = RegistryAuth::Basic("anna".to_owned(), "s:ecret".to_owned());
        for registry in ["a.example:5000", "b.example"] {
            assert_eq!(look_up(registry, content).unwrap().auth, anna);
        }
        assert_eq!(look_up("a.example", content).unwrap().auth, RegistryAuth::Anonymous);
    }

    #[test]
    fn without_an_entry_one_is_nobody_and_the_reason_is_kept() {
        for (content, note) in [
            ("{}", "has none for it"),
            (r#"{"auths": {"a.example": {}}, "credsStore": "desktop"}"#, "helpers"),
            (r#"{"credHelpers": {"a.example": "ecr-login"}}"#, "helpers"),
        ] {
            let found = look_up("a.example", content).unwrap();
            assert_eq!(found.auth, RegistryAuth::Anonymous);
            assert!(found.note.contains(note), "{}", found.note);
        }
        let nowhere = of("a.example", Some("/nowhere/config.json".as_ref())).unwrap();
        assert_eq!(nowhere.auth, RegistryAuth::Anonymous);
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_said() {
        for content in ["<html>", r#"{"auths": {"a.example": {"auth": "%"}}}"#] {
            let error = look_up("a.example", content).unwrap_err();
            assert!(error.contains("config.json: "), "{error}");
        }
    }
}
