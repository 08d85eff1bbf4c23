//! Another version of a plugin in the place of the one that serves: nothing is lost or repeated, and
//! whatever is wrong with the new one leaves the old one serving.

mod bed;
mod commands;
mod crashes;
mod many;
mod plain;
mod refusals;
mod shadow;
mod trials;
mod watch;
