//! `wasi:keyvalue`: the interface is there, the store is not yet. State will commit together with
//! the messages it came of, which a store that only keeps bytes cannot do.

use wasmtime::component::{HasData, Linker, Resource};

use crate::guest::Guest;

use bindings::wasi::keyvalue::store::{Error, KeyResponse};
use bindings::wasi::keyvalue::{atomics, batch, store};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/keyvalue.wit",
        world: "wasi:keyvalue/imports",
        imports: { default: trappable },
        with: { "wasi:keyvalue/store.bucket": crate::capability::keyvalue::Bucket },
    });
}

/// The one draft that the host side is written for.
const VERSION: &str = "0.2.0-draft";
const INTERFACES: [&str; 3] =
    ["wasi:keyvalue/store", "wasi:keyvalue/atomics", "wasi:keyvalue/batch"];

pub(super) fn offers(interface: &str, version: &str) -> bool {
    version == VERSION && INTERFACES.contains(&interface)
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    store::add_to_linker::<_, NoStore>(linker, |_| NoStore)?;
    atomics::add_to_linker::<_, NoStore>(linker, |_| NoStore)?;
    batch::add_to_linker::<_, NoStore>(linker, |_| NoStore)
}

/// An open store. There is none, so no guest ever holds one.
#[expect(unreachable_pub, reason = "the bindings export it again, within this crate")]
pub enum Bucket {}

/// Answers every call with an error that says why.
struct NoStore;

impl HasData for NoStore {
    type Data<'a> = Self;
}

/// The engine's result around the guest's.
type Answer<T> = wasmtime::Result<Result<T, Error>>;

#[expect(clippy::unnecessary_wraps, reason = "the shape that the bindings ask for")]
fn refused<T>() -> Answer<T> {
    let why = "the grant `keyvalue` has no store yet: state is not available in this version";
    Ok(Err(Error::Other(why.to_owned())))
}

impl store::Host for NoStore {
    fn open(&mut self, _identifier: String) -> Answer<Resource<Bucket>> {
        refused()
    }
}

impl store::HostBucket for NoStore {
    fn get(&mut self, _bucket: Resource<Bucket>, _key: String) -> Answer<Option<Vec<u8>>> {
        refused()
    }

    fn set(&mut self, _bucket: Resource<Bucket>, _key: String, _value: Vec<u8>) -> Answer<()> {
        refused()
    }

    fn delete(&mut self, _bucket: Resource<Bucket>, _key: String) -> Answer<()> {
        refused()
    }

    fn exists(&mut self, _bucket: Resource<Bucket>, _key: String) -> Answer<bool> {
        refused()
    }

    fn list_keys(
        &mut self,
        _bucket: Resource<Bucket>,
        _cursor: Option<u64>,
    ) -> Answer<KeyResponse> {
        refused()
    }

    fn drop(&mut self, _bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl atomics::Host for NoStore {
    fn increment(&mut self, _bucket: Resource<Bucket>, _key: String, _delta: u64) -> Answer<u64> {
        refused()
    }
}

impl batch::Host for NoStore {
    fn get_many(
        &mut self,
        _bucket: Resource<Bucket>,
        _keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        refused()
    }

    fn set_many(
        &mut self,
        _bucket: Resource<Bucket>,
        _pairs: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        refused()
    }

    fn delete_many(&mut self, _bucket: Resource<Bucket>, _keys: Vec<String>) -> Answer<()> {
        refused()
    }
}
