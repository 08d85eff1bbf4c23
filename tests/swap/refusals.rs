//! What is no good never gets a message: the old version serves, and it is said why.

use std::path::Path;

use millstream_tests::{guest, hostile};

use crate::bed::Bed;

#[test]
fn what_is_no_component_is_refused() {
    let bed = Bed::open("");
    let text = bed.file("no.wasm", "this is no WebAssembly");
    refused(&bed, &text, "verify", "not a WebAssembly file");
    refused(&bed, &hostile("load/neither-world"), "verify", "neither");
    refused(&bed, &guest("echo"), "verify", "it is the version that serves");
    still_serves(bed);
}

#[test]
fn what_imports_too_much_is_refused() {
    let bed = Bed::open("");
    refused(&bed, &hostile("import/keyvalue"), "imports", "does not grant");
    refused(&bed, &hostile("import/unknown-interface"), "imports", "does not offer");
    still_serves(bed);
}

#[test]
fn what_does_not_compile_within_its_limits_is_refused() {
    let bed = Bed::open("limits: { compile_timeout: 2s }");
    refused(&bed, &hostile("load/compile-bomb"), "compile", "limits.compile_");
    still_serves(bed);
}

#[test]
fn what_refuses_its_configuration_is_refused() {
    let bed = Bed::open("");
    refused(&bed, &guest("refuse-config"), "configure", "configuration refused");
    still_serves(bed);
}

#[test]
fn what_traps_or_loops_at_its_start_is_refused() {
    let bed = Bed::open("limits: { timeout: 100ms, batch_timeout: 200ms }");
    refused(&bed, &hostile("trap/at-start"), "configure", "trap while starting");
    refused(&bed, &hostile("time/loop-in-configure"), "configure", "timeout while starting");
    still_serves(bed);
}

/// The swap ends at `step`, for a reason that says `why`.
#[track_caller]
fn refused(bed: &Bed, component: &Path, step: &str, why: &str) {
    let before = bed.versions();
    let status = bed.swapped(component, "");
    assert_eq!(
        (&status["state"], &status["failed_at"]),
        (&"refused".into(), &step.into()),
        "{status:#}"
    );
    let reason = status["reason"].as_str().expect("it says why");
    assert!(reason.contains(why), "{reason}");
    assert_eq!(bed.versions(), before);
}

#[track_caller]
fn still_serves(bed: Bed) {
    bed.publish([("a", "0")]);
    bed.until_written(1);
    let (summary, came) = bed.close();
    assert_eq!((came.len(), came[0].stamped), (1, false));
    assert_eq!(summary.subscription("work", "handled"), 1);
}
