//! A plugin can hurt nobody but itself: for every guest of `tests/guests/hostile`, what the user sees
//! of it, while a well-behaved plugin beside it goes on.

mod case;
mod group;
mod outside;
mod pipeline;
mod storm;
mod table;

include!(concat!(env!("OUT_DIR"), "/hostile.rs"));
