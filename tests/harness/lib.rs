//! Drives the real binary, as a person or a script would: files, arguments, signals, HTTP.
//!
//! A test waits for an event (a line on stderr, the end of the process, an answer), each for at most
//! [`PATIENCE`]; no time that passes is taken for one.
//!
//! Not here: what is promised. Each promise is one file beside this folder.

mod api;
mod binary;
mod flights;
mod guests;
mod hook;
mod host;
mod hostile;
mod languages;
mod lines;
mod listing;
mod project;
mod registry;
mod repository;
mod shell;
mod summary;

pub use api::{Answered, Api, figure};
pub use binary::{
    Output, binary_folder, millstream, millstream_in, millstream_unhurried, millstream_with_env,
};
pub use flights::{DEAD_LETTERS, DEPARTURES, NOTIFICATIONS, flights_pipeline, week};
pub use guests::{delays, guest, plugin};
pub use hook::{Call, Hook};
pub use host::{Host, Input};
pub use hostile::{hostile, hostile_guests};
pub use languages::{
    EXAMPLES, Example, LANGUAGES, is_ready, language_of, ready_examples, recommended_memory,
};
pub use lines::PATIENCE;
pub use project::Project;
pub use registry::{Registry, WASM_CONFIG, WASM_LAYER, digest};
pub use repository::repository;
pub use shell::{blocks, shell, tell, type_in};
pub use summary::Summary;
