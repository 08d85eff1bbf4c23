//! A seeded simulation of the delivery core: random pipelines and histories, a slow reference
//! model beside, and every answer and figure compared after each step.
//!
//! `make simulate` plays many seeds; `make simulate SEED=N` plays one again, and prints the
//! shortest history that still fails.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod action;
mod driver;
mod model;
mod random;
mod run;
mod shrink;
mod world;

#[test]
fn the_core_agrees_with_the_model_whatever_happens() {
    run::as_asked();
}

#[test]
fn the_core_agrees_with_the_model_in_histories_that_found_faults() {
    run::found();
}
