//! A registry of OCI images, and what is pushed to it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::binary::binary_folder;
use crate::lines::PATIENCE;
use crate::repository::repository;
use crate::shell::tell;

/// The config of the CNCF's Wasm artifacts.
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Their layer.
pub const WASM_LAYER: &str = "application/wasm";
/// The name that everything is pushed under.
const NAME: &str = "team/guest";

/// A registry on this machine. It ends with its value.
pub struct Registry {
    process: Child,
    /// Its end is the registry's.
    stdin: Option<ChildStdin>,
    address: String,
    login: Option<(&'static str, &'static str)>,
}

impl Registry {
    /// An empty one; none where Go is not there to build it, which is said.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::launch(None)
    }

    /// One that lets in only who has this name and password.
    #[must_use]
    pub fn start_for(user: &'static str, password: &'static str) -> Option<Self> {
        Self::launch(Some((user, password)))
    }

    fn launch(login: Option<(&'static str, &'static str)>) -> Option<Self> {
        let mut command = Command::new(program()?);
        if let Some((user, password)) = login {
            command.args(["-user", user, "-password", password]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the registry starts");
        let stdin = process.stdin.take();
        let mut address = String::new();
        let stdout = process.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut address).expect("the registry says its address");
        Some(Self { process, stdin, address: address.trim().to_owned(), login })
    }

    /// Where it listens: host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How a pipeline file names what is pushed under `tag`.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> String {
        format!("oci://{}/{NAME}:{tag}", self.address)
    }

    /// How it names what has this digest.
    #[must_use]
    pub fn pinned(&self, digest: &str) -> String {
        format!("oci://{}/{NAME}@{digest}", self.address)
    }

    /// Pushes a component as Wasm artifacts are; the digest of its manifest.
    #[track_caller]
    pub fn push(&self, tag: &str, component: &Path) -> String {
        let bytes = std::fs::read(component).expect("the component is there");
        self.push_image(tag, WASM_CONFIG, &[(WASM_LAYER, &bytes)])
    }

    /// Pushes an image of any kind, with layers by media type; the digest of its manifest.
    #[track_caller]
    pub fn push_image(&self, tag: &str, config: &str, layers: &[(&str, &[u8])]) -> String {
        let layers: Vec<Value> =
            layers.iter().map(|(media_type, bytes)| self.blob(media_type, bytes)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob(config, b"{}"),
            "layers": layers,
        });
        let manifest = manifest.to_string();
        let path = format!("manifests/{tag}");
        let request = self.request(|client, url| client.put(url), &path);
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let digest = digest(manifest.as_bytes());
        sent(request.header("content-type", media_type).body(manifest));
        digest
    }

    #[track_caller]
    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        let path = format!("blobs/uploads/?digest={digest}");
        sent(self.request(|client, url| client.post(url), &path).body(bytes.to_vec()));
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    fn request(
        &self,
        method: impl Fn(&Client, String) -> RequestBuilder,
        path: &str,
    ) -> RequestBuilder {
        let request =
            method(&crate::api::client(), format!("http://{}/v2/{NAME}/{path}", self.address));
        match self.login {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stdin = None;
        // Whoever is gone already needs no wait.
        let _ = self.process.wait();
    }
}

#[track_caller]
fn sent(request: RequestBuilder) {
    let response = request.timeout(PATIENCE).send().expect("the registry answers");
    let status = response.status();
    assert!(status.is_success(), "{status}: {}", response.text().unwrap_or_default());
}

/// SHA-256 as registries write it.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256:{digits}")
}

/// The registry's program, built from `tests/registry` once a test process.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let program = binary_folder().join("test-registry");
    let mut go = Command::new("go");
    // Where the scripts of `sdk/toolchains` put it, unless it is there already.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(toolchain("go"));
    go.env("PATH", std::env::join_paths(places).expect("a path of the PATH stays one"));
    go.current_dir(repository().join("tests/registry")).args(["build", "-o"]).arg(&program);
    let Ok(status) = go.arg(".").stdin(Stdio::null()).status() else {
        tell(
            "SKIPPED: plugins from a registry: it is built with Go, which `sh sdk/toolchains/go.sh` installs",
        );
        return None;
    };
    assert!(status.success(), "the registry does not build");
    Some(program)
}

/// Where an installed toolchain has its programs.
fn toolchain(name: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let data = || set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
    let folder =
        set("MILLSTREAM_TOOLCHAINS").or_else(|| Some(data()?.join("millstream/toolchains")));
    Some(folder?.join(name).join("bin"))
}
