//! A pipeline that changes while it runs: what goes on is not disturbed, nothing is lost or repeated,
//! and what cannot be changes nothing.

mod bed;
mod crash;
mod door;
mod pairs;
mod parts;
mod refusals;
mod sinks;
mod told;
mod under_way;
mod watch;
mod work;
