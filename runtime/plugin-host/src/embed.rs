//! The component type in a core module whose toolchain leaves it out.

use std::path::Path;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

use crate::contract;
use crate::inspect::{LoadError, invalid};

/// Embeds world `world` into the core module `module`, so that [`crate::componentize`] can make a
/// component of it. The world is one of the contract's, or of the WIT package in the folder `wit`,
/// which must bring the contract among its `deps`.
///
/// # Errors
/// There is no such world, the WIT is not valid, or `module` is no WebAssembly.
pub fn embed_world(module: &[u8], world: &str, wit: Option<&Path>) -> Result<Vec<u8>, LoadError> {
    if !module.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm);
    }
    let mut resolve = Resolve::default();
    let package = package(&mut resolve, wit).map_err(wrong_wit)?;
    let id = resolve.select_world(&[package], Some(world)).map_err(wrong_wit)?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8).map_err(invalid)?;
    Ok(module)
}

fn package(resolve: &mut Resolve, wit: Option<&Path>) -> Result<PackageId, String> {
    match wit {
        None => contract::push(resolve),
        Some(folder) => {
            resolve.push_path(folder).map(|(id, _)| id).map_err(|error| format!("{error:#}"))
        }
    }
}

fn wrong_wit(error: impl std::fmt::Display) -> LoadError {
    LoadError::Settings(format!("its world cannot be embedded: {error:#}"))
}
