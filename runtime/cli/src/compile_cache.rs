//! Where compiled plugins are kept between runs.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// `$XDG_CACHE_HOME/millstream`, else `$HOME/.cache/millstream`; none without a home.
pub(crate) fn folder() -> Option<PathBuf> {
    let found = locate(env::var_os("XDG_CACHE_HOME"), env::var_os("HOME"));
    if found.is_none() {
        tracing::warn!(
            "neither XDG_CACHE_HOME nor HOME names a folder: plugins are compiled anew in every run"
        );
    }
    found
}

/// The XDG specification has relative paths ignored.
fn locate(cache_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute =
        |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(cache_home).or_else(|| absolute(home).map(|home| home.join(".cache")))?;
    Some(base.join("millstream"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::locate;

    #[test]
    fn the_cache_lies_in_the_cache_home_or_in_the_home() {
        let at = |cache: Option<&str>, home: Option<&str>| {
            locate(cache.map(Into::into), home.map(Into::into))
        };
        assert_eq!(at(Some("/c"), Some("/h")), Some(PathBuf::from("/c/millstream")));
        assert_eq!(at(None, Some("/h")), Some(PathBuf::from("/h/.cache/millstream")));
        assert_eq!(at(Some("relative"), Some("/h")), Some(PathBuf::from("/h/.cache/millstream")));
        assert_eq!(at(Some(""), None), None);
    }
}
