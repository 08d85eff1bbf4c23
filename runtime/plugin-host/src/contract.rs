//! The guest contract as data: what an interface of it must look like.
//!
//! Types are compared by shape, not by identity: a component brings a copy of every type it uses.

use std::sync::OnceLock;

use wit_parser::{Function, PackageId, Resolve, SourceMap, Type, TypeDefKind};

/// The package that holds the contract.
pub(crate) const PACKAGE: &str = "millstream:plugin";
/// The one version of it that this host speaks.
pub(crate) const VERSION: &str = "0.1.0";

const WIT: &str = include_str!("../../../sdk/wit/plugin.wit");
/// Worlds of the same package that import what a pipeline grants.
const GRANTS: &str = include_str!("../../../sdk/wit/grants.wit");

/// The full name of an interface of the contract.
pub(crate) fn interface(name: &str) -> String {
    format!("{PACKAGE}/{name}@{VERSION}")
}

/// Whether function `name` of the contract's `interface` looks as `found` in `theirs` does.
pub(crate) fn matches(interface: &str, name: &str, theirs: &Resolve, found: &Function) -> bool {
    let ours = resolve();
    let expected = ours
        .interfaces
        .iter()
        .find(|(_, candidate)| candidate.name.as_deref() == Some(interface))
        .and_then(|(_, candidate)| candidate.functions.get(name));
    expected.is_some_and(|expected| Shapes { ours, theirs }.same_function(expected, found))
}

#[expect(
    clippy::expect_used,
    reason = "the text is part of this file; every test of this crate parses it"
)]
fn resolve() -> &'static Resolve {
    static RESOLVE: OnceLock<Resolve> = OnceLock::new();
    RESOLVE.get_or_init(|| {
        let mut resolve = Resolve::default();
        push(&mut resolve).expect("the embedded contract is valid");
        resolve
    })
}

/// Adds the contract's package to `resolve`, with the worlds that import what is granted.
pub(crate) fn push(resolve: &mut Resolve) -> Result<PackageId, String> {
    let mut sources = SourceMap::default();
    sources.push_str("plugin.wit", WIT);
    sources.push_str("grants.wit", GRANTS);
    let group = sources.parse().map_err(|(_, error)| format!("{error:#}"))?;
    resolve.push_group(group).map_err(|error| format!("{error:#}"))
}

struct Shapes<'a> {
    ours: &'a Resolve,
    theirs: &'a Resolve,
}

impl Shapes<'_> {
    fn same_function(&self, a: &Function, b: &Function) -> bool {
        a.params.len() == b.params.len()
            && a.params.iter().zip(&b.params).all(|(a, b)| self.same(a.ty, b.ty))
            && self.same_option(a.result, b.result)
    }

    fn same_option(&self, a: Option<Type>, b: Option<Type>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => self.same(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    fn same(&self, a: Type, b: Type) -> bool {
        match (definition(self.ours, a), definition(self.theirs, b)) {
            (Ok(a), Ok(b)) => self.same_definition(a, b),
            (Err(a), Err(b)) => a == b,
            _ => false,
        }
    }

    fn same_definition(&self, a: &TypeDefKind, b: &TypeDefKind) -> bool {
        use TypeDefKind::{Enum, List, Option, Record, Result, Variant};
        match (a, b) {
            (Record(a), Record(b)) => {
                same_all(&a.fields, &b.fields, |a, b| a.name == b.name && self.same(a.ty, b.ty))
            }
            (Variant(a), Variant(b)) => same_all(&a.cases, &b.cases, |a, b| {
                a.name == b.name && self.same_option(a.ty, b.ty)
            }),
            (Enum(a), Enum(b)) => same_all(&a.cases, &b.cases, |a, b| a.name == b.name),
            (Option(a), Option(b)) | (List(a), List(b)) => self.same(*a, *b),
            (Result(a), Result(b)) => {
                self.same_option(a.ok, b.ok) && self.same_option(a.err, b.err)
            }
            // The contract uses no other kind.
            _ => false,
        }
    }
}

fn same_all<A, B>(a: &[A], b: &[B], same: impl Fn(&A, &B) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// What a type is once its aliases are followed, or the primitive type it is.
fn definition(resolve: &Resolve, mut ty: Type) -> Result<&TypeDefKind, Type> {
    while let Type::Id(id) = ty {
        match &resolve.types[id].kind {
            TypeDefKind::Type(alias) => ty = *alias,
            kind => return Ok(kind),
        }
    }
    Err(ty)
}
