//! What a file is, read from its types alone: nothing is compiled.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{InterfaceId, Resolve, World as WitWorld, WorldItem, WorldKey};

use crate::capability::Capability;
use crate::componentize::component;
use crate::contract;
use crate::digest::Digest;
use crate::grants::Grants;
use crate::inert;

/// What a plugin file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// SHA-256 of the file as given.
    pub digest: Digest,
    /// Bytes of the file as given.
    pub size: u64,
    /// How it takes messages.
    pub world: World,
    /// Whether it checks its configuration.
    pub lifecycle: bool,
    /// What it imports, by full name; imports of types alone are left out.
    pub imports: Vec<String>,
    /// What it exports, by full name.
    pub exports: Vec<String>,
    /// What a pipeline must grant for it to run.
    pub needs: Vec<Capability>,
}

/// How a plugin takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum World {
    /// One by one: it exports `message-handler`.
    Message,
    /// Many at a time: it exports `batch-handler`.
    Batch,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "message",
            Self::Batch => "batch",
        })
    }
}

/// Why a file cannot be used as a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum LoadError {
    /// The file is something else.
    #[error("not a WebAssembly file: it does not start with the bytes 00 61 73 6d")]
    NotWasm,
    /// A core module that does not say which interfaces it implements.
    #[error(
        "a core module without an embedded component type: build it with `millstream build`, which \
         embeds the type"
    )]
    NoComponentType,
    /// The file is damaged, or uses what this engine does not know.
    #[error("not a valid component: {0}")]
    Invalid(String),
    /// It takes no messages.
    #[error(
        "it exports neither `message-handler` nor `batch-handler` of {package}@{version}: a plugin exports one of them",
        package = contract::PACKAGE, version = contract::VERSION
    )]
    NoHandler,
    /// It leaves open how it takes messages.
    #[error("it exports both `message-handler` and `batch-handler`: a plugin exports one of them")]
    BothHandlers,
    /// It was built for another version of the contract.
    #[error(
        "it uses `{0}`, but this host speaks {package}@{version}: rebuild it with an SDK of this version",
        package = contract::PACKAGE, version = contract::VERSION
    )]
    ContractVersion(String),
    /// It claims an interface of the contract, but with another shape.
    #[error(
        "`{0}` does not have the type that {package}@{version} gives it: generate its bindings anew",
        package = contract::PACKAGE, version = contract::VERSION
    )]
    WrongType(String),
    /// It imports something that no host function stands behind.
    #[error("it imports `{0}`, which this host does not offer to plugins")]
    UnknownImport(String),
    /// It needs what the pipeline does not grant.
    #[error(
        "it imports `{interface}`, which the pipeline does not grant: add `{line}` to the plugin",
        line = capability.line()
    )]
    NotGranted {
        /// The import, by its full name.
        interface: String,
        /// What would have to be granted.
        capability: Capability,
    },
    /// It imports a function that no host function stands behind, of an interface that one does.
    #[error("it imports what this host does not offer to plugins: {0}")]
    NotLinked(String),
    /// The settings do not fit this host.
    #[error("{0}")]
    Settings(String),
    /// It is valid by its types, but does not compile or link.
    #[error("cannot compile: {0}")]
    Compile(String),
}

/// Reads what `bytes` are, and gives the component they stand for. The parsers are made for what
/// compilers write: what a stranger made up may find one of their panics, and is invalid then.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(Inspection, Cow<'_, [u8]>), LoadError> {
    std::panic::catch_unwind(|| read(bytes)).unwrap_or_else(|_| {
        Err(LoadError::Invalid("its types are put together as no compiler does".into()))
    })
}

fn read(bytes: &[u8]) -> Result<(Inspection, Cow<'_, [u8]>), LoadError> {
    let component = component(bytes)?;
    let DecodedWasm::Component(resolve, world) = decode(&component).map_err(invalid)? else {
        return Err(LoadError::Invalid("it is a WIT package, which holds types only".into()));
    };
    let reader = Reader { resolve: &resolve, world: &resolve.worlds[world] };
    let inspection = reader.read(Digest::of(bytes), bytes.len() as u64)?;
    Ok((inspection, component))
}

pub(crate) fn invalid(error: impl fmt::Display) -> LoadError {
    LoadError::Invalid(format!("{error:#}"))
}

struct Reader<'a> {
    resolve: &'a Resolve,
    world: &'a WitWorld,
}

impl Inspection {
    /// An import that stands behind a capability which `grants` leave out: one that does something,
    /// where there is one, rather than one that only brings its types.
    pub(crate) fn not_granted(&self, grants: &Grants) -> Option<(&str, Capability)> {
        let needed = |import: &String| {
            let (interface, version) = split(import);
            Capability::of(interface, version).filter(|capability| !grants.allow(*capability))
        };
        let all = || self.imports.iter().filter_map(|one| Some((one.as_str(), needed(one)?)));
        all().find(|(name, _)| !split(name).0.ends_with("/types")).or_else(|| all().next())
    }
}

impl Reader<'_> {
    fn read(&self, digest: Digest, size: u64) -> Result<Inspection, LoadError> {
        let exports: Vec<String> = self.world.exports.keys().map(|key| self.name(key)).collect();
        let (imports, needs) = self.imports()?;
        let message = self.exports("message-handler", "handle")?;
        let batch = self.exports("batch-handler", "handle")?;
        let lifecycle = self.exports("lifecycle", "configure")?;
        let world = match (message, batch) {
            (true, false) => World::Message,
            (false, true) => World::Batch,
            (true, true) => return Err(LoadError::BothHandlers),
            (false, false) => return Err(LoadError::NoHandler),
        };
        Ok(Inspection { digest, size, world, lifecycle, imports, exports, needs })
    }

    /// Whether the contract's `interface` is exported; an error when it is, but otherwise than the
    /// contract says.
    fn exports(&self, interface: &str, function: &str) -> Result<bool, LoadError> {
        let ours = format!("{}/{interface}", contract::PACKAGE);
        let mut found = false;
        for (key, item) in &self.world.exports {
            let name = self.name(key);
            if without_version(&name) == ours {
                let WorldItem::Interface { id, .. } = item else { continue };
                self.check(&name, *id, interface, function)?;
                found = true;
            }
        }
        Ok(found)
    }

    /// The imports' names, and what must be granted for them.
    fn imports(&self) -> Result<(Vec<String>, Vec<Capability>), LoadError> {
        let (mut names, mut needs) = (Vec::new(), Vec::new());
        for (key, item) in &self.world.imports {
            let name = self.name(key);
            match item {
                WorldItem::Type { .. } => continue,
                WorldItem::Interface { id, .. } if self.only_types(*id) => continue,
                WorldItem::Interface { id, .. } => {
                    let need = self.import(&name, *id)?;
                    needs.extend(need.filter(|need| !needs.contains(need)));
                }
                WorldItem::Function(_) => return Err(LoadError::UnknownImport(name)),
            }
            names.push(name);
        }
        Ok((names, needs))
    }

    /// What the import `name` needs to be granted, if it is known at all.
    fn import(&self, name: &str, id: InterfaceId) -> Result<Option<Capability>, LoadError> {
        let (interface, version) = split(name);
        match interface {
            _ if interface == format!("{}/logging", contract::PACKAGE) => {
                self.check(name, id, "logging", "log").map(|()| None)
            }
            _ if Capability::of(interface, version).is_some() => {
                Ok(Capability::of(interface, version))
            }
            // A draft: only the very version that the host side was written for.
            "wasi:config/store" if version == "0.2.0-rc.1" => Ok(None),
            _ if inert::offers(interface, version) => Ok(None),
            _ => Err(LoadError::UnknownImport(name.to_owned())),
        }
    }

    /// Checks that interface `id`, called `name`, is the contract's and has its shape.
    fn check(
        &self,
        name: &str,
        id: InterfaceId,
        interface: &str,
        function: &str,
    ) -> Result<(), LoadError> {
        if name != contract::interface(interface) {
            return Err(LoadError::ContractVersion(name.to_owned()));
        }
        let found = self.resolve.interfaces[id].functions.get(function);
        let fits =
            found.is_some_and(|found| contract::matches(interface, function, self.resolve, found));
        if fits { Ok(()) } else { Err(LoadError::WrongType(format!("{name}#{function}"))) }
    }

    fn only_types(&self, id: InterfaceId) -> bool {
        let interface = &self.resolve.interfaces[id];
        let is_resource = |id: &wit_parser::TypeId| {
            matches!(self.resolve.types[*id].kind, wit_parser::TypeDefKind::Resource)
        };
        interface.functions.is_empty() && !interface.types.values().any(is_resource)
    }

    fn name(&self, key: &WorldKey) -> String {
        match key {
            WorldKey::Name(name) => name.clone(),
            WorldKey::Interface(id) => self.resolve.id_of(*id).unwrap_or_default(),
        }
    }
}

fn without_version(name: &str) -> &str {
    split(name).0
}

/// An import's name and its version, which is empty when it has none.
fn split(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}
