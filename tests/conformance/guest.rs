//! The guests: one for each SDK, and one without.

use std::path::PathBuf;

use millstream_tests::{is_ready, millstream_unhurried, repository};

/// A guest of `tests/conformance/guests`.
pub(crate) struct Guest {
    /// Its folder.
    pub(crate) name: &'static str,
    /// The head of its column in the table.
    pub(crate) title: &'static str,
    /// What it is built with.
    language: &'static str,
    /// The file of its trap, from its folder, and the statement.
    trap: (&'static str, &'static str),
    /// How its language tells a `LINE` of that file.
    place: &'static str,
}

/// All of them. What runs of TypeScript is JavaScript: its types are taken off by the build.
pub(crate) const GUESTS: [Guest; 6] = [
    Guest {
        name: "rust",
        title: "Rust",
        language: "rust",
        trap: ("src/lib.rs", r#"panic!("{}", why(message))"#),
        place: "src/lib.rs:LINE:",
    },
    Guest {
        name: "go",
        title: "Go",
        language: "go",
        trap: ("conformance.go", "panic(why(m))"),
        place: "conformance.go:LINE:",
    },
    Guest {
        name: "python",
        title: "Python",
        language: "python",
        trap: ("plugin.py", "raise RuntimeError(why(message))"),
        place: r#"plugin.py", line LINE, in trap"#,
    },
    Guest {
        name: "javascript",
        title: "JavaScript, TypeScript",
        language: "javascript",
        trap: ("src/index.js", "throw new Error(why(message))"),
        place: "at trap (src/index.js:LINE)",
    },
    Guest {
        name: "c",
        title: "C",
        language: "c",
        trap: ("conformance.c", r#"ms_panic("%.*s", MS_ARG(why(message)))"#),
        place: "conformance.c:LINE:",
    },
    Guest {
        name: "rust-consumer",
        title: "without an SDK",
        language: "rust",
        trap: ("src/lib.rs", r#"panic!("{}", why(&message))"#),
        place: "src/lib.rs:LINE:",
    },
];

impl Guest {
    /// Whether this machine has what it is built with.
    pub(crate) fn is_ready(&self) -> bool {
        is_ready(self.language)
    }

    pub(crate) fn folder(&self) -> PathBuf {
        repository().join("tests/conformance/guests").join(self.name)
    }

    #[track_caller]
    pub(crate) fn build(&self) {
        let _ = millstream_unhurried(["build".as_ref(), self.folder().as_os_str()]).success();
    }

    /// Where its trap is, as its dead letter must tell.
    pub(crate) fn place_of_trap(&self) -> String {
        let (file, statement) = self.trap;
        let source = std::fs::read_to_string(self.folder().join(file)).expect("it has sources");
        let before = source.lines().position(|line| line.contains(statement));
        let line = before.expect("it has the statement") + 1;
        self.place.replace("LINE", &line.to_string())
    }
}
