//! From a core module with an embedded component type to the component it stands for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as PREVIEW1_ADAPTER,
};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;
use wit_parser::decoding::decode_world;

use crate::inspect::{LoadError, invalid};

/// Packages that an embedded type may speak of: the encoder visits them recursively.
const PACKAGES_MAX: usize = 256;

/// The component that `bytes` stand for: themselves, or what a core module with an embedded
/// component type becomes, with the preview1 adapter where it imports that.
///
/// # Errors
/// The file is neither.
pub fn componentize(bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    component(bytes).map(Cow::into_owned)
}

/// As [`componentize`], without a copy of what is a component already.
pub(crate) fn component(bytes: &[u8]) -> Result<Cow<'_, [u8]>, LoadError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm);
    }
    let Some(module) = Module::read(bytes)? else { return Ok(Cow::Borrowed(bytes)) };
    if module.types.is_empty() {
        return Err(LoadError::NoComponentType);
    }
    check_packages(&module.types)?;
    let mut encoder = ComponentEncoder::default().validate(true).module(bytes).map_err(invalid)?;
    if module.preview1 {
        encoder = encoder.adapter(PREVIEW1, PREVIEW1_ADAPTER).map_err(invalid)?;
    }
    encoder.encode().map(Cow::Owned).map_err(invalid)
}

/// What matters of a core module.
#[derive(Default)]
struct Module<'a> {
    /// The component types that its toolchain embedded.
    types: Vec<&'a [u8]>,
    /// Whether it imports WASI preview 1.
    preview1: bool,
}

impl<'a> Module<'a> {
    /// None when `bytes` are a component.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, LoadError> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(invalid)? {
                Payload::Version { encoding: Encoding::Component, .. } => return Ok(None),
                Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                    module.types.push(section.data());
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        module.preview1 |= import.map_err(invalid)?.module == PREVIEW1;
                    }
                }
                _ => {}
            }
        }
        Ok(Some(module))
    }
}

/// Refuses packages that depend on each other in a circle: no toolchain makes such, but one flipped
/// bit in a name does, and the encoder would follow the circle until the stack, and with it the
/// whole process, is gone.
fn check_packages(types: &[&[u8]]) -> Result<(), LoadError> {
    let mut waiting: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for embedded in types {
        let (resolve, _) = decode_world(embedded).map_err(invalid)?;
        let name = |id| resolve.packages[id].name.to_string();
        for (id, _) in resolve.packages.iter() {
            waiting.entry(name(id)).or_default().extend(resolve.package_direct_deps(id).map(name));
        }
    }
    if waiting.len() > PACKAGES_MAX {
        let text = format!("its type speaks of more than {PACKAGES_MAX} packages");
        return Err(LoadError::Invalid(text));
    }
    // Take away those that depend on nothing left, until none is left or only a circle.
    while !waiting.is_empty() {
        let left: BTreeSet<String> = waiting.keys().cloned().collect();
        waiting.retain(|_, needs| needs.intersection(&left).next().is_some());
        if waiting.len() == left.len() {
            let names = left.into_iter().collect::<Vec<_>>().join(", ");
            return Err(LoadError::Invalid(format!("packages depend on each other: {names}")));
        }
    }
    Ok(())
}
