//! What was built with debug info tells where it trapped: file and line.

use std::process::{Command, Stdio};

use millstream_tests::{Host, Input, Project, binary_folder, millstream_in};

/// By an instruction that traps, not by a panic, which tells its place itself.
const SOURCE: &str = "use millstream_sdk::{Message, Outputs, handler};

handler!(fall);

fn fall(_: Message<'_>, _: &mut Outputs<'_>) {
    core::arch::wasm32::unreachable() // line 6
}
";

#[test]
fn a_trap_in_what_was_built_with_debug_info_tells_file_and_line() {
    let project = Project::new();
    let _ = millstream_in(project.folder(), ["new", "fall", "--lang", "rust"]).success();
    project.write("fall/src/lib.rs", SOURCE);
    let folder = project.path("fall");
    // However long that takes: what it depends on is compiled as well.
    let mut build = Command::new(binary_folder().join("millstream"));
    let built = build.current_dir(&folder).args(["build", "--debug", "."]).stdin(Stdio::null());
    let built = built.output().expect("the binary starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mut host = Host::start(&folder.join("pipeline.yaml"), Input::Piped, &[]);
    host.write(b"hello\n").expect("the host reads");
    let letter = host.api().dead_letters("shout", 1).remove(0);
    let error = letter["dead_letter"]["error"].as_str().expect("the story has its error");
    assert!(error.contains("unreachable") && error.contains("src/lib.rs:6"), "{error}");
}

#[test]
fn a_plugin_that_does_not_say_how_is_not_built_with_debug_info() {
    let project = Project::new();
    let _ = millstream_in(project.folder(), ["new", "shout", "--lang", "python"]).success();
    let refused = millstream_in(&project.path("shout"), ["build", "--debug", "."]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("plugin.toml: names no `debug` command"), "{refused:#?}");
}
