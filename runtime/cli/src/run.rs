//! `run FILE`: check, open, start, serve until told to stop, tell what was done.
//!
//! Everything that can go wrong at the start goes wrong before the first message moves.

mod address;
mod journal;
mod pipelines;
mod progress;
mod signals;
mod stopped;
mod summary;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use millstream_pipeline::Plan;
use millstream_plugin_host::Host;
use millstream_runner::{DeadLetters, Launch, OpenError, Opened, Report, RunError, Running};
use millstream_server::App;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::journal::Began;
use self::pipelines::Pipelines;
use self::signals::Signals;
use self::stopped::Stopped;
use crate::arguments::Run;
use crate::failure::Failure;
use crate::pipeline_file::{Opening, PipelineFile, Plugins};
use crate::print::Format;
use crate::{logs, pipeline_file, plugin_host};

/// Does what `run` says.
pub(crate) fn execute(args: &Run, format: Format) -> Result<(), Failure> {
    let address = address::parse(&args.http)?;
    let runtime = tokio::runtime::Runtime::new().context("could not start the async runtime")?;
    let host = plugin_host::start()?;
    let opening = Opening { plugins: Plugins::Inspect(&host), http: address.is_some() };
    let file = runtime.block_on(async {
        if args.watch {
            watch::build_missing(pipeline_file::sources(&args.file)?).await;
        }
        PipelineFile::open(&args.file, opening).await
    })?;
    let broken = file.has_errors();
    // With --format json stdout holds one document: the findings if they end the run, else the summary.
    file.show(if broken { format } else { Format::Human })?;
    let (plan, components, text) = file.into_plan()?;
    let changes = journal::changes(&args.changes, &plan)?;
    let pipeline = Pipeline { plan: Arc::new(plan), text };
    let done = runtime.block_on(async {
        let listener = match address {
            Some(address) => Some(address::bind(address).await?),
            None => None,
        };
        let launch = Launch {
            plan: Arc::clone(&pipeline.plan),
            components,
            host: host.clone(),
            text: pipeline.text.clone(),
            changes,
        };
        supervise(&pipeline, launch, (listener, host), args, format).await
    });
    // A read of stdin that waits for a line cannot be called off: it must not hold the process.
    runtime.shutdown_background();
    done
}

/// What was checked, and the text it was checked from.
struct Pipeline {
    plan: Arc<Plan>,
    text: String,
}

/// The way one run takes: open, start, serve, stop, tell.
async fn supervise(
    pipeline: &Pipeline,
    launch: Launch,
    (listener, host): (Option<TcpListener>, Host),
    args: &Run,
    format: Format,
) -> Result<(), Failure> {
    let mut signals = Signals::listen().context("could not listen for signals")?;
    let opened = tokio::select! {
        biased;
        signal = signals.next() => {
            logs::say(&format!("{signal} before the pipeline was open: nothing was started"));
            return Ok(());
        }
        opened = millstream_runner::open(launch) => {
            opened.map_err(|error| refused(error, pipeline, args, format))?
        }
    };
    let recovered = opened.recovered().cloned();
    recovered.iter().for_each(|recovered| journal::announce(pipeline, recovered));
    let (running, served) = start(opened, (listener, host), pipeline, args)?;
    let began = recovered.map(|recovered| Began { recovered, report: running.report() });
    let ended = wait(&running, &served, &mut signals, args).await;
    ended.announce();
    let wiring = running.wiring();
    let report = tokio::select! {
        biased;
        _ = signals.next() => return Err(Failure::Interrupted),
        report = stop(running, served, args.grace) => report?,
    };
    summary::show(wiring.plan(), &report, began.as_ref(), format)?;
    ended.verdict()
}

/// What its journal has against a pipeline is said as findings, all else as an error.
fn refused(error: OpenError, pipeline: &Pipeline, args: &Run, format: Format) -> Failure {
    match error {
        OpenError::Journal(error) => journal::refuse(error, pipeline, args, format),
        other => Failure::Failed(anyhow::Error::new(other)),
    }
}

fn start(
    opened: Opened,
    (listener, host): (Option<TcpListener>, Host),
    pipeline: &Pipeline,
    args: &Run,
) -> Result<(Running, Served), Failure> {
    let running = opened.start();
    let dead_letters = DeadLetters::new(running.broker(), running.wirings());
    for subscription in dead_letters.resume() {
        logs::say(&format!("the redrive of `{subscription}` goes on"));
    }
    let pipelines = Pipelines::new(running.applier(), host, listener.is_some(), &args.file);
    let name = &pipeline.plan.name;
    let Some(listener) = listener else {
        logs::say(&format!("running `{name}` without HTTP; Ctrl-C stops it"));
        return Ok((running, Served { dead_letters, pipelines, server: None }));
    };
    let address = listener.local_addr().context("the listener has no address")?;
    let app = app(&running, dead_letters.clone(), Arc::clone(&pipelines));
    let server = Server::start(listener, app);
    logs::say(&format!("serving `{name}` at http://{address}; Ctrl-C stops it"));
    Ok((running, Served { dead_letters, pipelines, server: Some(server) }))
}

fn app(running: &Running, dead_letters: DeadLetters, pipelines: Arc<Pipelines>) -> App {
    App {
        wirings: running.wirings(),
        broker: running.broker(),
        dead_letters,
        monitor: running.monitor(),
        random: rand::random::<u128>,
        swaps: running.swaps(),
        pipelines: Some(pipelines),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// What works on a running pipeline from outside.
struct Served {
    /// Also what the server works with, if there is one.
    dead_letters: DeadLetters,
    pipelines: Arc<Pipelines>,
    server: Option<Server>,
}

/// The HTTP API while it is served.
struct Server {
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    fn start(listener: TcpListener, app: App) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(millstream_server::serve(listener, app, stop.clone()));
        Self { stop, task }
    }
}

/// Why a run ends.
enum End {
    /// `--drain`: nothing goes on by itself any more, but these keys wait for their dead letters.
    Drained(Stopped),
    /// Somebody asked for it.
    Signal(&'static str),
    /// Something broke.
    Broke(RunError),
}

impl End {
    fn announce(&self) {
        match self {
            Self::Drained(_) => {}
            Self::Signal(name) => logs::say(&format!("{name}: stopping; once more stops at once")),
            Self::Broke(error) => logs::say(&format!("stopping: {error}")),
        }
    }

    fn verdict(self) -> Result<(), Failure> {
        match self {
            Self::Drained(stopped) => stopped.verdict(),
            Self::Signal(_) => Ok(()),
            Self::Broke(error) => Err(Failure::Failed(anyhow::Error::new(error))),
        }
    }
}

async fn wait(running: &Running, served: &Served, signals: &mut Signals, args: &Run) -> End {
    let drained =
        async { if args.drain { running.drained().await } else { std::future::pending().await } };
    let watched = async {
        if args.watch {
            watch::watch(&args.file, running, &*served.pipelines).await
        } else {
            std::future::pending().await
        }
    };
    let shown = progress::show(running);
    tokio::select! {
        biased;
        signal = signals.next() => End::Signal(signal),
        error = running.failed() => End::Broke(error),
        () = drained => End::Drained(Stopped::find(running, &served.dead_letters)),
        never = watched => match never {},
        never = shown => match never {},
    }
}

/// Ends intake over HTTP while the pipeline still makes room for who waits, then lets work in
/// flight finish.
async fn stop(running: Running, served: Served, grace: Duration) -> Result<Report, Failure> {
    let Served { dead_letters, server, .. } = served;
    if let Some(server) = server {
        server.stop.cancel();
        server.task.await.context("the HTTP server panicked")?.context("the HTTP server failed")?;
    }
    dead_letters.close().await;
    Ok(running.shutdown(grace).await)
}
