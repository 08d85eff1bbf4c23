use super::*;
use crate::manifest::Manifest;

#[test]
fn a_new_folder_is_a_plugin_of_its_name_with_the_sdk_beside_it() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/down/my-plugin");
    let created = new(&folder, Language::Rust).unwrap();
    assert_eq!(created.name, "my-plugin");
    let manifest = Manifest::read(&folder).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.language.as_str()), ("my-plugin", "rust"));
    for file in ["sdk/wit/plugin.wit", "sdk/rust/Cargo.toml", ".gitignore", "README.md"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    assert!(folder.join(&created.toolchain).is_file());
    for other in ["sdk/rust/template", "sdk/rust/target", "sdk/go", "gitignore"] {
        assert!(!folder.join(other).exists(), "{other}");
    }
    let left: Vec<_> = fs::read_dir(folder.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("shout");
    fs::create_dir(&folder).unwrap();
    let error = new(&folder, Language::Rust).unwrap_err().to_string();
    assert!(error.contains("it is there already"), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_name_that_some_language_would_refuse_is_refused() {
    for name in ["Shout", "1st", "a_b", "a.b", "a b", "shout-", "é"] {
        let error = new(&Path::new("/nowhere").join(name), Language::Go).unwrap_err().to_string();
        assert!(error.contains("a plugin's name has lower-case letters"), "{name}: {error}");
    }
}

/// What a template leaves out would only be noticed by whoever uses it.
#[test]
fn every_language_has_a_template_with_all_it_needs() {
    for language in Language::ALL {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("two-words");
        new(&folder, language).unwrap();
        for file in ["plugin.toml", "README.md", ".gitignore", "pipeline.yaml"] {
            let text = fs::read_to_string(folder.join(file));
            let text = text.unwrap_or_else(|error| panic!("{language}: {file}: {error}"));
            assert!(!text.contains("{{"), "{language}: {file} has a name left open");
        }
        let cases = fs::read_dir(folder.join("cases")).unwrap().count();
        assert!(cases >= 2, "{language} has {cases} cases");
    }
}
