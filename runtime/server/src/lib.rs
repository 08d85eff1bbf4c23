//! The HTTP API of a running host: publish, tap, figures, steering, dead letters, health.
//!
//! [`serve`] answers on a listener until it is told to stop; [`App`] is what it answers from. The
//! broker is the only thing it changes.
//!
//! Not here: where messages wait (`queue`), how they look outside (`formats`), who handles them and
//! how dead letters move (`runner`). Nothing here reads a clock or draws random numbers: the time is the broker's, the
//! random bits are handed in. What the API will have but does not yet answers 501 and says so.

mod answer;
mod app;
mod blocking;
mod body;
mod connection;
mod dead_letters;
mod delivery;
mod extract;
mod health;
mod loopback;
mod metrics;
mod names;
mod origin;
mod pipeline;
mod plugins;
mod problem;
mod publish;
mod router;
mod serve;
mod subscriptions;
mod swap;
mod tap;
mod topics;
mod unavailable;

pub use app::App;
pub use loopback::is_loopback;
pub use pipeline::{Pipelines, Refused, Wish};
pub use serve::serve;
