//! The API over a real socket, on the memory broker.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod dead_letters;
mod delivery;
mod figures;
mod host;
mod lifecycle;
mod origin;
mod publish;
mod redrive;
mod refusals;
mod tap;
