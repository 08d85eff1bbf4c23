//! What is not granted is not there, and what is there for everybody does nothing.

use millstream_plugin_host::{Capability, Grants, Host, LoadError, Plugin, PluginSettings};

use crate::servers::{Event, Server};
use crate::support::{ask, guest, host, plugin};

async fn load(name: &str, grants: Grants) -> Result<Plugin, LoadError> {
    let settings = PluginSettings { grants, ..PluginSettings::default() };
    host().load(name, guest(name), settings).await
}

#[tokio::test]
async fn a_guest_without_its_grant_does_not_load() {
    for (name, capability, interface) in [
        ("fetch", Capability::Http, "wasi:http/"),
        ("state", Capability::Keyvalue, "wasi:keyvalue/"),
    ] {
        assert_eq!(Host::inspect(&guest(name)).unwrap().needs, [capability]);
        let refused = load(name, Grants::default()).await.unwrap_err();
        let LoadError::NotGranted { interface: found, capability: asked } = &refused else {
            panic!("{refused}")
        };
        assert!(found.starts_with(interface) && *asked == capability, "{refused}");
    }
}

#[tokio::test]
async fn one_grant_is_not_another() {
    let keyvalue = Grants { keyvalue: true, ..Grants::default() };
    assert!(load("state", keyvalue.clone()).await.is_ok());
    assert!(matches!(load("fetch", keyvalue).await, Err(LoadError::NotGranted { .. })));
}

#[tokio::test]
async fn keyvalue_says_that_there_is_no_store_yet() {
    let plugin = load("state", Grants { keyvalue: true, ..Grants::default() }).await.unwrap();
    let told = ask(&plugin, "").await.unwrap_err();
    assert!(told.contains("the grant `keyvalue` has no store yet"), "{told}");
}

#[tokio::test]
async fn what_a_plugins_author_tries_it_with_reaches_nobody() {
    let plugin = load("fetch", Grants::without_reach()).await.unwrap();
    let told = ask(&plugin, "GET http://127.0.0.1:9/").await.unwrap_err();
    assert!(told.contains("http is off here"), "{told}");
}

#[tokio::test]
async fn the_rest_of_wasi_shows_nothing_and_reaches_nothing() {
    let mut server = Server::answering([]).await;
    let plugin = plugin("look_around").await;
    let told = ask(&plugin, &server.port().to_string()).await.unwrap();
    let expected = [
        "environment []",
        "arguments []",
        "folder None",
        "folders 0",
        "terminal false",
        "stdin Err(\"end\")",
        "name Err(\"permanent-resolver-failure\")",
        "connect Err(\"access-denied\")",
        "listen Err(\"access-denied\")",
        "datagram Err(\"access-denied\")",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    assert_eq!(server.events(), Vec::<Event>::new());
}
