//! What is no plugin is refused without compiling it, and the error says why.

use millstream_plugin_host::{Capability, Digest, Host, LoadError, PluginSettings, World};
use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

use crate::support::{guest, host};

const CONTRACT: &str = include_str!("../../../../sdk/wit/plugin.wit");

/// A core module that claims to be the world of these `items`. `others` are further packages.
fn claiming(items: &str, others: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_source("plugin.wit", CONTRACT).unwrap();
    claiming_in(resolve, items, others)
}

fn claiming_in(mut resolve: Resolve, items: &str, others: &str) -> Vec<u8> {
    let text = format!("package test:claims;\nworld claims {{ {items} }}\n{others}");
    let package = resolve.push_source("claims.wit", &text).unwrap();
    let world = resolve.select_world(&[package], Some("claims")).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

const MESSAGE: &str = "export millstream:plugin/message-handler@0.1.0;";
const BATCH: &str = "export millstream:plugin/batch-handler@0.1.0;";

fn refused(items: &str, others: &str) -> LoadError {
    Host::inspect(&claiming(items, others)).unwrap_err()
}

#[test]
fn a_guest_is_described_by_its_types() {
    let bytes = guest("refuse");
    let inspection = Host::inspect(&bytes).unwrap();
    assert_eq!(inspection.digest, Digest::of(&bytes));
    assert!(inspection.digest.to_string().starts_with("sha256:"));
    assert_eq!(inspection.size, bytes.len() as u64);
    assert_eq!((inspection.world, inspection.lifecycle), (World::Batch, true));
    assert_eq!(Host::inspect(&guest("echo_message")).unwrap().world, World::Message);
    assert_eq!(Host::inspect(&guest("talk")).unwrap().imports, ["millstream:plugin/logging@0.1.0"]);
}

#[test]
fn bytes_that_are_not_wasm_are_refused() {
    for bytes in [&b""[..], b"\0as", b"#!/bin/sh"] {
        assert_eq!(Host::inspect(bytes), Err(LoadError::NotWasm));
    }
}

#[test]
fn damaged_wasm_is_refused() {
    let bytes = guest("talk");
    for len in [5, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(Host::inspect(&bytes[..len]).is_err(), "{len} bytes");
    }
}

/// One flipped bit in a file made `plugin` read `plugkn`, in one of the names of its embedded type.
/// Two packages then depended on each other; the encoder followed the circle until the stack was
/// gone, and the whole process with it.
#[test]
fn packages_that_depend_on_each_other_are_refused() {
    let mut bytes = guest("refuse").to_vec();
    let name = b"%millstream:plugin/batch-handler@0.1.0";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at + 16] ^= b'i' ^ b'k';
    let refused = Host::inspect(&bytes).unwrap_err();
    let text = "packages depend on each other: millstream:plugin@0.1.0, millstream:plugkn@0.1.0";
    assert_eq!(refused, LoadError::Invalid(text.into()));
}

#[test]
fn a_core_module_that_does_not_say_what_it_is_is_refused() {
    assert_eq!(Host::inspect(b"\0asm\x01\0\0\0"), Err(LoadError::NoComponentType));
}

#[test]
fn a_component_without_a_handler_is_refused() {
    assert_eq!(Host::inspect(b"\0asm\x0d\0\x01\0"), Err(LoadError::NoHandler));
    assert_eq!(refused("export run: func();", ""), LoadError::NoHandler);
}

#[test]
fn a_component_with_both_handlers_is_refused() {
    assert_eq!(refused(&format!("{MESSAGE}{BATCH}"), ""), LoadError::BothHandlers);
}

#[test]
fn unknown_exports_are_ignored() {
    let items = format!("{MESSAGE} export init: func(); export test:other/extra;");
    let other = "package test:other { interface extra { f: func(); } }";
    let inspection = Host::inspect(&claiming(&items, other)).unwrap();
    assert_eq!(inspection.world, World::Message);
}

#[test]
fn imports_of_types_alone_are_ignored() {
    let items = format!("{MESSAGE} import test:other/shapes;");
    let other = "package test:other { interface shapes { record point { x: u32 } } }";
    let inspection = Host::inspect(&claiming(&items, other)).unwrap();
    assert!(inspection.imports.is_empty(), "{inspection:?}");
}

#[test]
fn another_version_of_the_contract_is_refused_by_name() {
    let mut resolve = Resolve::default();
    resolve.push_source("plugin.wit", &CONTRACT.replace("@0.1.0", "@0.2.0")).unwrap();
    let module = claiming_in(resolve, "export millstream:plugin/batch-handler@0.2.0;", "");
    let name = "millstream:plugin/batch-handler@0.2.0".to_owned();
    assert_eq!(Host::inspect(&module), Err(LoadError::ContractVersion(name)));
}

#[test]
fn a_handler_of_another_type_is_refused() {
    for (from, to) in [
        ("attempts: list<u32>", "attempts: list<u64>"),
        ("        reject,\n", "        reject,\n        later,\n"),
        ("outcomes: list<outcome>", "results: list<outcome>"),
        ("handle: func(batch: batch) -> batch-result", "handle: func(batch: batch)"),
    ] {
        assert!(CONTRACT.contains(from), "{from}");
        let mut resolve = Resolve::default();
        resolve.push_source("plugin.wit", &CONTRACT.replace(from, to)).unwrap();
        let refused = Host::inspect(&claiming_in(resolve, BATCH, "")).unwrap_err();
        let name = "millstream:plugin/batch-handler@0.1.0#handle".to_owned();
        assert_eq!(refused, LoadError::WrongType(name), "{to}");
    }
}

#[test]
fn an_import_that_nothing_stands_behind_is_refused_by_name() {
    let other = "package acme:db@1.0.0 { interface sql { query: func(); } }";
    let refused = refused(&format!("{MESSAGE} import acme:db/sql@1.0.0;"), other);
    assert_eq!(refused, LoadError::UnknownImport("acme:db/sql@1.0.0".into()));
}

#[test]
fn a_bare_function_import_is_refused_by_name() {
    let refused = refused(&format!("{MESSAGE} import launch: func();"), "");
    assert_eq!(refused, LoadError::UnknownImport("launch".into()));
}

#[test]
fn another_draft_of_wasi_config_is_refused() {
    let other = "package wasi:config@0.2.0-rc.2 { interface store { get: func(); } }";
    let refused = refused(&format!("{MESSAGE} import wasi:config/store@0.2.0-rc.2;"), other);
    assert_eq!(refused, LoadError::UnknownImport("wasi:config/store@0.2.0-rc.2".into()));
}

#[tokio::test]
async fn what_must_be_granted_is_reported_and_refused_by_name_with_the_line_to_add() {
    let http = "package wasi:http@0.2.12 { interface outgoing-handler { handle: func(); } }";
    let bytes = claiming(&format!("{MESSAGE} import wasi:http/outgoing-handler@0.2.12;"), http);
    assert_eq!(Host::inspect(&bytes).unwrap().needs, [Capability::Http]);
    let host = host();
    let refused = host.load("needy", bytes.into(), PluginSettings::default()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "it imports `wasi:http/outgoing-handler@0.2.12`, which the pipeline does not grant: \
         add `grants: { http: [\"https://HOST\"] }` to the plugin"
    );
    assert_eq!(host.compiles(), 0);
}

#[test]
fn each_capability_is_needed_once_however_its_imports_stand() {
    let items = format!(
        "{MESSAGE} import wasi:http/types@0.2.0; import wasi:keyvalue/store@0.2.0-draft; \
         import wasi:http/outgoing-handler@0.2.0; import wasi:keyvalue/atomics@0.2.0-draft;"
    );
    let http = "package wasi:http@0.2.0 { interface types { f: func(); } \
                interface outgoing-handler { handle: func(); } }";
    let keyvalue = "package wasi:keyvalue@0.2.0-draft { interface store { open: func(); } \
                    interface atomics { increment: func(); } }";
    let bytes = claiming(&items, &format!("{http}\n{keyvalue}"));
    let needs = Host::inspect(&bytes).unwrap().needs;
    assert_eq!(needs, [Capability::Http, Capability::Keyvalue]);
}

#[test]
fn what_no_grant_stands_for_is_unknown() {
    for (interface, version) in [
        ("wasi:http/incoming-handler", "0.2.12"),
        ("wasi:http/types", "0.3.0"),
        ("wasi:keyvalue/store", "0.2.0-draft2"),
        ("wasi:keyvalue/watcher", "0.2.0-draft"),
    ] {
        let (package, name) = interface.split_once('/').unwrap();
        let other = format!("package {package}@{version} {{ interface {name} {{ f: func(); }} }}");
        let found = refused(&format!("{MESSAGE} import {interface}@{version};"), &other);
        assert_eq!(found, LoadError::UnknownImport(format!("{interface}@{version}")));
    }
}

#[tokio::test]
async fn a_version_of_wasi_that_the_host_does_not_know_does_not_link_and_says_so() {
    let random = "package wasi:random@0.2.12 { interface random { roll-dice: func() -> u8; } }";
    let bytes = claiming(&format!("{MESSAGE} import wasi:random/random@0.2.12;"), random);
    let refused = host().load("odd", bytes.into(), PluginSettings::default()).await.unwrap_err();
    assert!(
        matches!(&refused, LoadError::NotLinked(text) if text.contains("roll-dice")),
        "{refused}"
    );
}
