//! The journal on a disk that loses power, breaks, fills up and rots.
//!
//! `MILLSTREAM_IMAGES=N` and `MILLSTREAM_DAMAGES=N` try more; `MILLSTREAM_SEED=N` plays one seed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod altered;
mod asked;
mod changes;
mod checkpoints;
mod clock;
mod cut;
mod damage;
mod deploys;
mod due;
mod faults;
mod memory;
mod power_loss;
#[path = "../simulation/random.rs"]
mod random;
mod simulated_disk;
mod undurable;
mod world;
mod written;
