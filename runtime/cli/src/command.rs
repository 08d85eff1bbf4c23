//! The commands, one file each.

mod apply;
mod build;
mod check;
mod delivery;
mod dlq;
mod doctor;
mod explain;
mod inspect;
pub(crate) mod journal;
mod later;
mod new;
mod plugins;
mod publish;
mod schema;
mod subscriptions;
mod swap;
mod tap;
mod test;
mod topics;

use serde_json::Value;

use crate::arguments::{Arguments, Command, PluginCommand, TopicCommand};
use crate::failure::Failure;
use crate::print::{Format, count};
use crate::{print, remote::Remote, run};

/// Does what the command line says.
pub(crate) fn execute(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Run(args) => run::execute(&args, global.format),
        Command::Check(args) => check::execute(&args, global.format),
        Command::Explain { code } => explain::execute(&code, global.format),
        Command::Schema => schema::execute(),
        Command::Build(args) => build::execute(&args, global.format),
        Command::New(args) => new::execute(&args, global.format),
        Command::Test(args) => test::execute(&args, global.format),
        Command::Plugin(PluginCommand::Inspect { path }) => inspect::execute(&path, global.format),
        Command::Publish(args) => publish::execute(&args, &Remote::new(&global)?, global.format),
        Command::Topics => topics::execute(&Remote::new(&global)?, global.format),
        Command::Subscriptions => subscriptions::execute(&Remote::new(&global)?, global.format),
        Command::Plugins => plugins::execute(&Remote::new(&global)?, global.format),
        Command::Tap(args) => tap::execute(&args, &Remote::new(&global)?, global.format),
        Command::Pause { subscription } => {
            delivery::pause(&subscription, &Remote::new(&global)?, global.format)
        }
        Command::Resume { subscription } => {
            delivery::resume(&subscription, &Remote::new(&global)?, global.format)
        }
        Command::Seek(args) => delivery::seek(&args, &Remote::new(&global)?, global.format),
        Command::Topic(TopicCommand::Purge { topic }) => {
            topics::purge(&topic, &Remote::new(&global)?, global.format)
        }
        Command::Dlq(command) => dlq::execute(&command, &global),
        Command::Swap(args) => swap::execute(&args, &Remote::new(&global)?, global.format),
        Command::Rollback(args) => {
            swap::roll_back(&args.plugin, &Remote::new(&global)?, global.format)
        }
        Command::SwapStatus(args) => {
            swap::status(&args.plugin, &Remote::new(&global)?, global.format)
        }
        Command::Apply(args) => apply::execute(&args, &Remote::new(&global)?, global.format),
        Command::Journal(command) => journal::execute(&command, global.format),
        Command::Doctor(args) => doctor::execute(&args.dir, global.format),
        // Began and ended before anything else of this program did.
        Command::Compile => Ok(()),
        Command::Later(command) => later::execute(&command),
    }
}

/// A list of the running host: as it is for programs, as a table for people. Columns of the
/// `optional` names are left out while they say nothing.
fn list<const N: usize>(
    list: &Value,
    format: Format,
    names: [&str; N],
    optional: &[&str],
    row: impl Fn(&Value) -> [String; N],
) -> Result<(), Failure> {
    if format == Format::Json {
        return print::json(list);
    }
    let rows: Vec<[String; N]> = items(list).iter().map(row).collect();
    print::text(&print::table(&names, optional, &rows))
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What the host answered: as it is for programs, as a sentence for people.
fn answer(answer: &Value, format: Format, sentence: &str) -> Result<(), Failure> {
    match format {
        Format::Json => print::json(answer),
        Format::Human => print::text(sentence),
    }
}

/// One value of a document in a table's cell.
fn cell(item: &Value, name: &str) -> String {
    match &item[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string(), count),
        other => other.to_string(),
    }
}

/// One number of a document.
fn number(item: &Value, name: &str) -> u64 {
    item[name].as_u64().unwrap_or_default()
}
