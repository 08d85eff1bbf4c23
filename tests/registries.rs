//! Plugins from OCI registries: checked, run, and whatever is wrong with them said at their place in the
//! file.

use std::path::{Path, PathBuf};

use millstream_tests::{
    Hook, Host, Input, Project, Registry, WASM_CONFIG, WASM_LAYER, digest, guest, millstream,
    millstream_with_env,
};
use serde_json::json;

#[test]
fn a_plugin_from_a_registry_runs_and_is_shown_with_the_digest_of_its_manifest() {
    let Some(registry) = Registry::start() else { return };
    let manifest = registry.push("1.0", &guest("echo"));
    let project = Project::new();
    let tagged = registry.tagged("1.0");
    let file = pipeline(&project, &[("guest", &tagged)]);
    let checked = millstream(["check".as_ref(), file.as_os_str()]).success();
    assert!(checked.stdout.contains("may run: "), "{checked:#?}");
    let host = Host::start(&file, Input::None, &[]);
    let api = host.api();
    let (_, plugin) = api.get("/v1/plugins/guest");
    let pinned = format!("{tagged}@{manifest}");
    assert_eq!(plugin["versions"][0]["source"], json!(pinned));
    let table = host.command(&["plugins"]).success().stdout;
    assert!(table.contains("SOURCE") && table.contains(&pinned), "{table}");
    let (status, answer) = api.publish("in", "text/plain", "hello");
    assert_eq!(status, 202, "{answer:#}");
    api.subscription_until("guest", |one| one["handled"] == 1);
    let _ = host.terminate();
}

#[test]
fn older_images_of_one_layer_are_plugins_too() {
    let Some(registry) = Registry::start() else { return };
    let bytes = std::fs::read(guest("echo")).expect("the guest is built");
    let layer = ("application/vnd.wasm.content.layer.v1+wasm", &bytes[..]);
    let _ = registry.push_image("old", "application/vnd.oci.image.config.v1+json", &[layer]);
    let project = Project::new();
    let file = pipeline(&project, &[("guest", &registry.tagged("old"))]);
    let _ = millstream(["check".as_ref(), file.as_os_str()]).success();
}

#[test]
fn what_is_named_by_its_digest_needs_its_registry_once() {
    let Some(registry) = Registry::start() else { return };
    let manifest = registry.push("1.0", &guest("echo"));
    let project = Project::new();
    let file = pipeline(&project, &[("guest", &registry.pinned(&manifest))]);
    let cache = project.path("cache");
    let check = || {
        let args = ["check".as_ref(), file.as_os_str()];
        millstream_with_env(args, &[("XDG_CACHE_HOME", &cache)])
    };
    let _ = check().success();
    drop(registry);
    let _ = check().success();
    damage(&cache.join("millstream/registry"));
    let damaged = check();
    assert_eq!(damaged.code, Some(2), "{damaged:#?}");
    assert!(damaged.stderr.contains("the registry cannot be reached"), "{damaged:#?}");
}

#[test]
fn whatever_is_wrong_with_a_source_is_a_finding_at_its_place() {
    let Some(registry) = Registry::start() else { return };
    let layer = ("application/vnd.oci.image.layer.v1.tar+gzip", &b"an image"[..]);
    let _ = registry.push_image("image", "application/vnd.oci.image.config.v1+json", &[layer]);
    let _ = registry.push_image("two", WASM_CONFIG, &[(WASM_LAYER, b"1"), (WASM_LAYER, b"2")]);
    let _ = registry.push_image("text", WASM_CONFIG, &[(WASM_LAYER, b"no component")]);
    let (image, two, text) =
        (registry.tagged("image"), registry.tagged("two"), registry.tagged("text"));
    let (absent, unknown) = (registry.tagged("absent"), registry.pinned(&digest(b"nothing")));
    let nobody = format!("oci://{}/guest:1", nobody());
    let project = Project::new();
    let file = pipeline(
        &project,
        &[
            ("image", &image),
            ("two", &two),
            ("text", &text),
            ("absent", &absent),
            ("unknown", &unknown),
            ("nobody", &nobody),
            ("nowhere", "oci://registry.example/guest"),
        ],
    );
    let expected = [
        (
            "MS0401",
            "no plugin: its layer is `application/vnd.oci.image.layer.v1.tar+gzip`, its config is `application/vnd.oci.image.config.v1+json`",
        ),
        ("MS0401", "no plugin: it has 2 layers: `application/wasm`, `application/wasm`"),
        ("MS0401", "not a WebAssembly file"),
        ("MS0401", "the registry does not have it"),
        ("MS0401", "the registry does not have it"),
        ("MS0401", "the registry cannot be reached: "),
        ("MS0409", "it names neither a tag nor a digest"),
    ];
    let checked =
        millstream([&["check", "--format", "json"].map(Path::new)[..], &[&file]].concat());
    assert_eq!(checked.code, Some(2), "{checked:#?}");
    let findings = checked.json();
    let findings = findings.as_array().expect("findings are a list");
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
    for (place, (finding, (code, says))) in findings.iter().zip(expected).enumerate() {
        let message = finding["message"].as_str().expect("a text");
        assert!(finding["code"] == code && message.contains(says), "{finding:#}");
        assert_eq!(finding["line"], json!(FIRST_PLUGIN + place), "{finding:#}");
        assert!(finding["help"].as_str().is_some_and(|help| !help.is_empty()), "{finding:#}");
    }
    let ran = Host::run(&file, &[], &[], b"");
    assert_eq!(ran.code, Some(2), "{ran:#?}");
}

#[test]
fn what_does_not_have_the_digest_that_was_named_is_refused() {
    // Answers every question with this manifest, and so the one for its layer too.
    const LYING: &str = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.wasm.config.v0+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"application/wasm","digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111","size":5000}]}"#;
    let hook = Hook::saying(LYING, |_| 200);
    let host = hook.origin().trim_start_matches("http://");
    let project = Project::new();
    let (tagged, named) = (
        format!("oci://{host}/guest:1"),
        format!("oci://{host}/guest@{}", digest(b"another manifest")),
    );
    let file = pipeline(&project, &[("layer", &tagged), ("manifest", &named)]);
    let checked =
        millstream([&["check", "--format", "json"].map(Path::new)[..], &[&file]].concat());
    let findings = checked.json();
    let messages: Vec<&str> = findings
        .as_array()
        .expect("findings are a list")
        .iter()
        .filter_map(|finding| finding["message"].as_str())
        .collect();
    let given = digest(LYING.as_bytes());
    let something_else = format!("the registry gave something else: its digest is {given}");
    assert!(
        messages.len() == 2 && messages.iter().all(|said| said.contains(&something_else)),
        "{messages:#?}"
    );
}

#[test]
fn a_registry_that_asks_who_comes_is_told_what_docker_knows() {
    let Some(registry) = Registry::start_for("anna", "s:ecret") else { return };
    let _ = registry.push("1.0", &guest("echo"));
    let project = Project::new();
    let file = pipeline(&project, &[("guest", &registry.tagged("1.0"))]);
    let check = || {
        let args = ["check".as_ref(), file.as_os_str()];
        millstream_with_env(args, &[("DOCKER_CONFIG", project.folder())])
    };
    let refused = check();
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    let says = ["wants other credentials", "no docker configuration file", "`docker login`"];
    assert!(says.iter().all(|said| refused.stderr.contains(said)), "{refused:#?}");
    // `anna:s:ecret`, as docker writes it.
    let auths = json!({ "auths": { registry.address(): { "auth": "YW5uYTpzOmVjcmV0" } } });
    project.write("config.json", auths.to_string());
    let _ = check().success();
}

/// The line of the first plugin, counted from 1.
const FIRST_PLUGIN: usize = 5;

/// A pipeline of plugins by name and source, each on a line and with a subscription of its name.
fn pipeline(project: &Project, plugins: &[(&str, &str)]) -> PathBuf {
    let plugin = |(name, source): &(&str, &str)| format!("  {name}: {{ source: \"{source}\" }}\n");
    let subscription = |(name, _): &(&str, &str)| {
        format!("  {name}: {{ topic: in, plugin: {name}, output: out, dead_letter: dead }}\n")
    };
    let text = format!(
        "pipeline: registries\ntopics: {{ in: {{ kind: event }}, out: {{ kind: event }}, dead: {{ kind: dead_letter }} }}\n\
         \nplugins:\n{}subscriptions:\n{}  out: {{ topic: out, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}\n",
        plugins.iter().map(plugin).collect::<String>(),
        plugins.iter().map(subscription).collect::<String>(),
    );
    project.write("pipeline.yaml", text)
}

/// An address of this machine where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").to_string()
}

/// Changes every file in `folder`, of which there is one at least.
#[track_caller]
fn damage(folder: &Path) {
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("it can be listed whole").path())
        .collect();
    assert!(!files.is_empty());
    files.iter().for_each(|file| std::fs::write(file, "damaged").expect("it can be written"));
}
