//! Which images are plugins: those of one layer that is a component.
//!
//! That is what the Wasm artifacts of the CNCF are (a config `application/vnd.wasm.config.v0+json`, one
//! layer `application/wasm`), and what older tools push with a config of another kind.

use oci_client::manifest::OciDescriptor;
use serde::Deserialize;

use crate::digest::SHA256;
use crate::error::{PullError, shown};

/// What the layer of a plugin may be.
const COMPONENT_TYPES: [&str; 2] =
    ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];
/// How many layers an error names.
const NAMED_MAX: usize = 4;

/// As much of a manifest as matters. One layer of an index is not ours to choose: it has none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    media_type: Option<String>,
    config: Option<Kind>,
    layers: Option<Vec<OciDescriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    media_type: String,
}

/// The layer that is the component, which is not larger than `bytes_max`.
pub(crate) fn layer(manifest: &[u8], bytes_max: u64) -> Result<OciDescriptor, PullError> {
    let manifest: Manifest = serde_json::from_slice(manifest)
        .map_err(|error| PullError::NoPlugin(format!("its manifest cannot be read: {error}")))?;
    let Manifest { media_type, config, layers } = manifest;
    let Some(layers) = layers else { return Err(PullError::NoPlugin(no_layers(media_type))) };
    match <[OciDescriptor; 1]>::try_from(layers) {
        Ok([layer]) if COMPONENT_TYPES.contains(&layer.media_type.as_str()) => {
            fits(layer, bytes_max)
        }
        Ok([layer]) => Err(PullError::NoPlugin(named(&[layer], config))),
        Err(layers) => Err(PullError::NoPlugin(named(&layers, config))),
    }
}

fn fits(layer: OciDescriptor, bytes_max: u64) -> Result<OciDescriptor, PullError> {
    if !layer.digest.starts_with(SHA256) {
        let digest = shown(&layer.digest);
        return Err(PullError::NoPlugin(format!("its layer's digest is no SHA-256: `{digest}`")));
    }
    match u64::try_from(layer.size) {
        Ok(size) if size <= bytes_max => Ok(layer),
        Ok(size) => Err(PullError::TooLarge { size, bytes_max }),
        Err(_) => Err(PullError::NoPlugin(format!("its layer has {} bytes", layer.size))),
    }
}

fn no_layers(media_type: Option<String>) -> String {
    let media_type = media_type.as_deref().map_or_else(|| "of no media type".to_owned(), shown);
    format!("it is no image but `{media_type}`, which has no layers")
}

fn named(layers: &[OciDescriptor], config: Option<Kind>) -> String {
    let types = layers.iter().take(NAMED_MAX).map(|one| format!("`{}`", shown(&one.media_type)));
    let types = types.collect::<Vec<_>>().join(", ");
    let more = if layers.len() > NAMED_MAX { ", …" } else { "" };
    let config = config.map(|config| format!(", its config is `{}`", shown(&config.media_type)));
    let layers = match layers.len() {
        0 => "it has no layer".to_owned(),
        1 => format!("its layer is {types}"),
        number => format!("it has {number} layers: {types}{more}"),
    };
    format!("{layers}{}", config.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::layer;

    const BYTES_MAX: u64 = 1_000;

    fn found(layers: Value) -> Result<String, String> {
        let manifest = json!({
            "schemaVersion": 2, "layers": layers,
            "config": { "mediaType": "application/vnd.wasm.config.v0+json", "digest": "sha256:0", "size": 2 },
        });
        let found = layer(manifest.to_string().as_bytes(), BYTES_MAX);
        found.map(|layer| layer.digest).map_err(|error| error.to_string())
    }

    fn one(media_type: &str, digest: &str, size: i64) -> Value {
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    }

    #[test]
    fn one_layer_that_is_a_component_is_a_plugin() {
        for media_type in ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"] {
            let layers = json!([one(media_type, "sha256:1", 1_000)]);
            assert_eq!(found(layers), Ok("sha256:1".to_owned()));
        }
    }

    #[test]
    fn anything_else_is_named() {
        let wasm = || one("application/wasm", "sha256:1", 1);
        let tar = one("application/vnd.oci.image.layer.v1.tar+gzip", "sha256:1", 1);
        for (layers, says) in [
            (
                json!([tar]),
                "its layer is `application/vnd.oci.image.layer.v1.tar+gzip`, its config is `application/vnd.wasm.config.v0+json`",
            ),
            (json!([wasm(), wasm()]), "it has 2 layers: `application/wasm`, `application/wasm`"),
            (json!([]), "it has no layer"),
            (json!([one("application/wasm", "sha256:1", 1_001)]), "1001 bytes"),
            (json!([one("application/wasm", "sha256:1", -1)]), "-1 bytes"),
            (json!([one("application/wasm", "md5:1", 1)]), "no SHA-256: `md5:1`"),
        ] {
            let error = found(layers).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        let index = br#"{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#;
        let error = layer(index, BYTES_MAX).unwrap_err().to_string();
        assert!(error.contains("`application/vnd.oci.image.index.v1+json`"), "{error}");
        assert!(layer(b"<html>", BYTES_MAX).unwrap_err().to_string().contains("cannot be read"));
    }
}
