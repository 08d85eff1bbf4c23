//! Lists the hostile guests for the test `sandbox`, so that its table of what the user sees of each
//! is a `match` over all of them: a guest without an entry does not compile, nor does an entry
//! without a guest.

#[path = "harness/listing.rs"]
mod listing;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FOLDER: &str = "guests/hostile";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={FOLDER}");
    let guests = listing::guests(Path::new(FOLDER))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("hostile.rs"), source(&guests))
}

/// An enum of the guests, and a test for each group of them.
fn source(guests: &[String]) -> String {
    let (mut variants, mut names, mut tests) = (String::new(), String::new(), String::new());
    for guest in guests {
        let variant = variant(guest);
        // Writing to a string cannot fail.
        let _ = writeln!(variants, "/// `{guest}`.\n{variant},");
        let _ = writeln!(names, "Self::{variant} => \"{guest}\",");
    }
    let groups: BTreeSet<&str> =
        guests.iter().filter_map(|guest| guest.split('/').next()).collect();
    for group in groups {
        let _ = writeln!(tests, "#[test]\nfn {group}() {{ crate::group::run(\"{group}/\"); }}");
    }
    let count = guests.len();
    let all: String = guests.iter().map(|guest| format!("Self::{},", variant(guest))).collect();
    format!(
        "/// A guest of `tests/guests/hostile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {{ {variants} }}
impl Guest {{
    /// All of them.
    pub(crate) const ALL: [Self; {count}] = [{all}];
    /// `GROUP/NAME`, its file without the ending.
    pub(crate) fn name(self) -> &'static str {{ match self {{ {names} }} }}
}}
mod each_guest_is_seen_as_the_table_says {{ {tests} }}
"
    )
}

/// `time/loop-for-ever` as `TimeLoopForEver`.
fn variant(guest: &str) -> String {
    let words = guest.split(['/', '-']);
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
