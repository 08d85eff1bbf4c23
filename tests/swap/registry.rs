//! Versions from a registry: swapped in by name, and by `run --watch` when a tag moves.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use millstream_tests::{Api, Project, Registry, WASM_CONFIG, WASM_LAYER, guest};
use serde_json::{Value, json};

use crate::bed::{Bed, each_key_counts_to, publish};

#[test]
fn swap_takes_a_version_from_a_registry_and_shows_its_manifest() {
    let Some(registry) = Registry::start() else { return };
    let manifest = registry.push("2.0", &guest("stamp"));
    let bed = Bed::open("");
    let (tagged, absent) = (registry.tagged("2.0"), registry.tagged("absent"));
    for (source, code, says) in [
        (&absent[..], 1, "the registry does not have it; push it"),
        ("oci://registry.example/guest", 2, "it names neither a tag nor a digest"),
    ] {
        let refused = bed.host.command(&["swap", "guest", source]);
        assert_eq!(refused.code, Some(code), "{refused:#?}");
        assert!(refused.stderr.contains(says), "{refused:#?}");
    }
    let swap = ["swap", "guest", &tagged, "--probation", "0", "--wait"];
    let _ = bed.host.command(&swap).success();
    let pinned = format!("{tagged}@{manifest}");
    let status = bed.host.command(&["swap-status", "guest"]).success().stdout;
    assert!(status.contains(&format!("source    {pinned}")), "{status}");
    assert_eq!(sources(&bed.api), [json!(pinned), Value::Null]);
    let plugins = bed.host.command(&["plugins"]).success().stdout;
    assert!(plugins.contains(&pinned), "{plugins}");
    bed.close();
}

#[test]
fn a_source_without_its_digest_is_not_taken_for_the_truth() {
    let bed = Bed::open("");
    for source in ["oci://registry.example/guest:1", "https://registry.example/guest"] {
        let (status, problem) = bed.swap(&guest("stamp"), &format!("source={source}"));
        assert_eq!(status, 400, "{problem:#}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("`source`")));
    }
    bed.close();
}

#[test]
fn a_tag_that_moves_is_swapped_and_nothing_is_lost_or_repeated() {
    let Some(registry) = Registry::start() else { return };
    let _ = registry.push("live", &guest("echo"));
    let tagged = registry.tagged("live");
    let mut bed = watched(&tagged);
    let (keys, stop, mut sent) = (["a", "b", "c"], AtomicBool::new(false), 0);
    let api = bed.host.api();
    let line = std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let number = sent.to_string();
                publish(&api, keys.map(|key| (key, number.as_str())));
                sent += 1;
            }
        });
        let moved = registry.push("live", &guest("stamp"));
        let line = bed.host.wait_for("`guest`: ");
        stop.store(true, Ordering::Relaxed);
        publisher.join().expect("everything was taken");
        (line, moved)
    });
    let (line, moved) = line;
    let pinned = format!("{tagged}@{moved}");
    assert!(line.contains("`guest`: swapped, sha256:"), "{line}");
    assert!(line.contains(&format!("serves, from {pinned}")), "{line}");
    assert_eq!(sources(&bed.api)[0], json!(pinned));
    let (_, status) = bed.api.get("/v1/plugins/guest/swap");
    assert_eq!((&status["state"], &status["source"]), (&json!("promoted"), &json!(pinned)));
    let last = sent.to_string();
    bed.publish(keys.map(|key| (key, last.as_str())));
    bed.until_written((keys.len() * (sent + 1)) as u64);
    let (_, came) = bed.close();
    each_key_counts_to(&came, keys.len(), sent + 1);
    assert!(came.last().is_some_and(|one| one.stamped), "the new version has the last word");
}

#[test]
fn a_tag_that_moves_to_no_plugin_leaves_the_version_before_and_is_said_once() {
    let Some(registry) = Registry::start() else { return };
    let first = registry.push("live", &guest("echo"));
    let tagged = registry.tagged("live");
    let mut bed = watched(&tagged);
    let layer = ("application/x-tar", &b"an archive"[..]);
    let _ = registry.push_image("live", "application/json", &[layer]);
    let line = bed.host.wait_for("`guest`: not swapped, the version before serves: ");
    assert!(line.contains("it is no plugin: its layer is `application/x-tar`"), "{line}");
    let _ = registry.push_image("live", WASM_CONFIG, &[(WASM_LAYER, b"no component")]);
    // The next line about the plugin: the tag was looked at more than once meanwhile.
    let line = bed.host.wait_for("`guest`: ");
    assert!(line.contains("refused, the version before serves: verify: "), "{line}");
    drop(registry);
    let line = bed.host.wait_for("`guest`: ");
    assert!(line.contains("the registry cannot be reached"), "{line}");
    assert_eq!(sources(&bed.api), [json!(format!("{tagged}@{first}"))]);
    bed.publish([("a", "0")]);
    bed.until_written(1);
    let (_, came) = bed.close();
    assert!(!came[0].stamped);
}

#[test]
fn a_tag_that_an_apply_brings_is_shown_with_its_manifest_and_followed() {
    let Some(registry) = Registry::start() else { return };
    let first = registry.push("live", &guest("stamp"));
    let tagged = registry.tagged("live");
    let mut bed = watched(&guest("echo").display().to_string());
    bed.save(Path::new(&tagged));
    bed.host.wait_for("~ plugin \"guest\": source ");
    let source = format!("{tagged}@{first}");
    bed.api.until("/v1/plugins/guest", |plugin| plugin["versions"][0]["source"] == source);
    let moved = registry.push("live", &guest("echo-by-field"));
    let line = bed.host.wait_for("`guest`: swapped, sha256:");
    assert!(line.contains(&format!("serves, from {tagged}@{moved}")), "{line}");
    bed.close();
}

/// A host that follows the tag of its plugin, closely.
#[track_caller]
fn watched(source: &str) -> Bed {
    let often = [("MILLSTREAM_TAGS_EVERY", "100ms")];
    Bed::open_with(Project::new(), Path::new(source), "", &["--watch"], &often)
}

/// Where the versions of the plugin came from, the one that serves first.
#[track_caller]
fn sources(api: &Api) -> Vec<Value> {
    let (_, plugin) = api.get("/v1/plugins/guest");
    let versions = plugin["versions"].as_array().expect("versions are a list");
    versions.iter().map(|version| version["source"].clone()).collect()
}
