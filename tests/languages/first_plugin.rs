//! The first own plugin, in each language, by doing just what the documents say.

use std::path::Path;
use std::time::{Duration, Instant};

use millstream_tests::{
    Host, LANGUAGES, Project, blocks, is_ready, millstream_in, repository, tell, type_in,
};

/// What the template's README has one do, in its order.
const STEPS: [&str; 5] = ["toolchain", "unit tests", "build", "test", "run"];
/// The longest lines that a message may be, for a batch of the most bytes.
const LARGE: usize = 1_000_000;
const LARGE_LINES: usize = 8;

#[test]
fn a_new_plugin_does_what_its_readme_says() {
    let mut table = format!("| language | new | {} | one line changed |\n", STEPS.join(" | "));
    table += &format!("|---|{}\n", "---|".repeat(STEPS.len() + 2));
    for language in LANGUAGES.into_iter().filter(|language| is_ready(language)) {
        let project = Project::new();
        let mut times = vec![timed(|| make(&project, language))];
        let folder = project.path("shout");
        let readme = std::fs::read_to_string(folder.join("README.md")).expect("it has a README");
        let commands: Vec<String> =
            blocks(&readme, "sh").concat().lines().map(str::to_owned).collect();
        assert_eq!(commands.len(), STEPS.len(), "{language}: {commands:#?}");
        let mut said = String::new();
        for command in &commands {
            times.push(timed(|| said = type_in(&folder, command)));
        }
        assert!(said.starts_with("HELLO!"), "{language}: {said}");
        takes_full_batches(&folder, language);
        times.push(timed(|| change_one_line(&folder, language)));
        tells_the_line_of_a_mistake(&folder, language);
        let times = times.iter().map(|time| format!("{:.1} s", time.as_secs_f64()));
        table += &format!("| {language} | {} |\n", times.collect::<Vec<_>>().join(" | "));
    }
    tell(&format!("What the steps to a first plugin took here:\n\n{table}"));
}

fn timed(act: impl FnOnce()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

fn make(project: &Project, language: &str) {
    let made = millstream_in(project.folder(), ["new", "shout", "--lang", language]).success();
    assert!(made.stdout.contains("millstream build ."), "{language}: {made:#?}");
}

/// Within the `limits.memory` that the template sets; the machine that tests may be slow.
fn takes_full_batches(folder: &Path, language: &str) {
    let line = [b"x".repeat(LARGE), b"\n".to_vec()].concat();
    let text = std::fs::read_to_string(folder.join("pipeline.yaml")).expect("it has a pipeline");
    let pipeline = folder.join("patient.yaml");
    let patient = text
        .replace("memory: ", "timeout: 20s, batch_timeout: 25s, compile_timeout: 10m, memory: ");
    std::fs::write(&pipeline, patient).expect("it can be written");
    let args = ["--drain", "--http", "off"];
    let ran = Host::run(&pipeline, &args, &[], &line.repeat(LARGE_LINES)).success();
    let whole = ran.stdout.lines().filter(|line| line.len() == LARGE + 1).count();
    assert_eq!(whole, LARGE_LINES, "{language}: {}", ran.stderr);
}

/// What one does all day.
fn change_one_line(folder: &Path, language: &str) {
    let (before, after) = ("nothing to shout", "nothing at all");
    let source = folder.join(source(language));
    let text = std::fs::read_to_string(&source).expect("the source is there");
    assert!(text.contains(before), "{language}");
    std::fs::write(&source, text.replace(before, after)).expect("it can be written");
    type_in(folder, "millstream build .");
    let component = std::fs::read(folder.join("build/shout.wasm")).expect("it was built");
    let has = |text: &str| component.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(after) && !has(before), "{language}: the component is not the new one");
}

/// A build that fails says what its compiler says, and where.
fn tells_the_line_of_a_mistake(folder: &Path, language: &str) {
    let source = source(language);
    let text = std::fs::read_to_string(folder.join(source)).expect("the source is there");
    let line = text.lines().count() + 1;
    std::fs::write(folder.join(source), format!("{text}}} no such thing (\n"))
        .expect("it can be written");
    let failed = millstream_in(folder, ["build", "."]);
    assert_eq!(failed.code, Some(1), "{language}: {failed:#?}");
    let place = match language {
        "python" => format!("{source}\", line {line}"),
        "typescript" => format!("{source}({line},"),
        _ => format!("{source}:{line}:"),
    };
    assert!(failed.stderr.contains(&place), "{language}: {place}: {failed:#?}");
}

fn source(language: &str) -> &'static str {
    match language {
        "rust" => "src/lib.rs",
        "go" => "main.go",
        "python" => "plugin.py",
        "javascript" => "src/index.js",
        "typescript" => "src/index.ts",
        "c" => "main.c",
        other => panic!("where is the source of {other}?"),
    }
}

/// The main README shows it for one of them.
#[test]
fn the_same_in_your_language_does_what_it_says() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("it is there");
    let shown = blocks(&readme, "console").into_iter().find(|block| block.contains("--lang"));
    let shown = shown.expect("the README shows how to begin in another language");
    let language = shown.split_whitespace().skip_while(|word| *word != "--lang").nth(1);
    if !is_ready(language.expect("it names one")) {
        return;
    }
    let project = Project::new();
    let script: String =
        shown.lines().map(|line| line.trim_start_matches("$ ").to_owned() + "\n").collect();
    let said = type_in(project.folder(), &script);
    assert!(said.contains("HELLO"), "{said}");
}
