//! The guest contract as Rust items, generated from `sdk/wit`. All `unsafe` of the SDK is in what
//! these macros write; nothing of it shows in a plugin.

#![expect(missing_docs, reason = "generated from documented WIT")]

pub mod batch {
    wit_bindgen::generate!({
        path: "../wit",
        world: "batch-consumer",
        pub_export_macro: true,
        export_macro_name: "export_batch_handler",
        default_bindings_module: "millstream_sdk::__macro::batch",
    });
}

/// The optional part of the contract, a world of its own: componentizing adds it to the one above
/// only where a plugin takes configuration.
pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package millstream:sdk;
            world configurable { export millstream:plugin/lifecycle@0.1.0; }
        ",
        world: "millstream:sdk/configurable",
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "millstream_sdk::__macro::lifecycle",
    });
}

pub use batch::exports::millstream::plugin::batch_handler::{Batch, BatchResult};
pub(crate) use batch::millstream::plugin::batch_types::{
    Column, HeaderColumns, Outcome, OutgoingColumns,
};
