//! Guests of `tests/guests/hostile`, each of which misbehaves in one way.
//!
//! Most are written in the text format of WebAssembly, since no compiler gives out what they do.
//! Lines that begin with two semicolons and a sign are for us:
//!
//! - `;;@ TEXT` is a line of the guest's world, or of a whole package where the first says `package`;
//! - `;;+ NAME` puts `parts/NAME.wat` in its place;
//! - `;;* N` says the next line `N` times;
//! - `(a MiB)` in a text stands for as many bytes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::guests::{build, folder};
use crate::listing::guests;
use crate::repository::repository;

/// Where the guests are told from each other: `GROUP/NAME`, its file without the ending.
const FOLDER: &str = "tests/guests/hostile";

/// The hostile guest `name`, such as `time/loop-for-ever`, as a core module's file with its type
/// embedded.
#[must_use]
#[track_caller]
pub fn hostile(name: &str) -> PathBuf {
    let source = repository().join(FOLDER).join(name).with_extension("wat");
    if !source.is_file() {
        return rust(name);
    }
    let path = folder().join("hostile").join(name).with_extension("wasm");
    let module = module(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
    put(&path, &module);
    path
}

/// All of them, in order.
#[must_use]
#[track_caller]
pub fn hostile_guests() -> Vec<String> {
    guests(&repository().join(FOLDER)).expect("the guests can be listed")
}

/// One of those in Rust, built all at once.
#[track_caller]
fn rust(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| build(&["--package", "hostile", "--examples"]));
    let file = name.rsplit('/').next().unwrap_or(name).replace('-', "_");
    let path = folder().join("examples").join(file).with_extension("wasm");
    assert!(path.is_file(), "there is no guest `{name}`");
    path
}

/// Several tests may make the same file at once: whoever reads it sees one of them, whole.
fn put(path: &Path, bytes: &[u8]) {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return;
    }
    let folder = path.parent().expect("it lies in a folder");
    std::fs::create_dir_all(folder).expect("folders can be made");
    let file = tempfile::NamedTempFile::new_in(folder).expect("a file can be made");
    std::fs::write(file.path(), bytes).expect("a file can be written");
    file.persist(path).expect("a file can be renamed");
}

fn module(source: &Path) -> Result<Vec<u8>, String> {
    let text = std::fs::read_to_string(source).map_err(|error| error.to_string())?;
    let mut module = wat::parse_str(expanded(&text)).map_err(|error| error.to_string())?;
    embed(&mut module, &world(&text)).map_err(|error| format!("{error:#}"))?;
    Ok(module)
}

fn expanded(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut times = 1;
    for line in text.lines() {
        let line = line.trim_start();
        if let Some(part) = line.strip_prefix(";;+ ") {
            expanded.push_str(&self::part(part));
        } else if let Some(count) = line.strip_prefix(";;* ") {
            times = count.trim().parse().expect("a repetition has a count");
        } else {
            let line = line.replace("(a MiB)", &"x".repeat(1 << 20));
            (0..std::mem::replace(&mut times, 1)).for_each(|_| {
                expanded.push_str(&line);
                expanded.push('\n');
            });
        }
    }
    expanded
}

fn part(name: &str) -> String {
    let path = repository().join(FOLDER).join("parts").join(name).with_extension("wat");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn world(text: &str) -> String {
    text.lines().filter_map(|line| line.strip_prefix(";;@ ")).collect::<Vec<_>>().join("\n")
}

/// Says in `module` which world it is of.
fn embed(module: &mut Vec<u8>, world: &str) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let text = if world.starts_with("package") {
        world.to_owned()
    } else {
        for file in ["sdk/wit/plugin.wit", "tests/guests/hostile/wit/imports.wit"] {
            resolve.push_file(repository().join(file))?;
        }
        format!("package hostile:guest;\nworld guest {{\n{world}\n}}")
    };
    let package = resolve.push_source("guest.wit", &text)?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
}
