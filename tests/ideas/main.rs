//! The README's table of ideas: one idea a pipeline, each showing what the table says one sees.

mod granted;
mod idea;
mod sharing;
mod time;
mod trouble;
