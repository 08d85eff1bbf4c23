//! Calls to other hosts and to kept state, for guests that want to misbehave by them.

wit_bindgen::generate!({
    path: ["wit"],
    inline: "
        package hostile:calls;

        world calls {
            import wasi:http/outgoing-handler@0.2.0;
            import wasi:keyvalue/store@0.2.0-draft;
        }
    ",
    generate_all,
});

pub mod http;
pub use wasi::keyvalue::store;
