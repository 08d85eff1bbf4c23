//! The start of an instance: memory, the handler, a look at the configuration.

use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance as Exported, TypedFunc};

use crate::bound::{Bound, begin, end};
use crate::failure::{CallFailure, FAILURE_BYTES_MAX, StartFailure, truncate};
use crate::growth::Growth;
use crate::guest::Guest;
use crate::inspect::World;
use crate::instance::{Handler, Instance};
use crate::meter::Life;
use crate::places::Place;
use crate::plugin::Version;
use crate::wire::Scratch;

type Configure = TypedFunc<(&'static str,), (Result<(), String>,)>;

/// Starts `guest` on `topic` in the pool's `place`.
pub(crate) async fn start(
    guest: Guest,
    topic: &str,
    place: [Place; 2],
) -> Result<Instance, StartFailure> {
    let version = guest.version.clone();
    let mut start = Start {
        store: guest.into_store(&version.host.engine),
        bound: version.limits.bound(usize::MAX),
        tick: version.host.epoch_tick,
        version: &version,
    };
    let exported = start.instantiate().await?;
    let handler = start.handler(exported)?;
    if let Some(configure) = version.exports.configure {
        start.configure(exported, configure).await?;
    }
    let Start { store, tick, .. } = start;
    let life = Life::begin(store.data().seat.clone(), store.data().limiter.used());
    Ok(Instance {
        growth: Growth::new(store.data().limiter.used(), version.limits.memory, &version.grown),
        worn: false,
        store,
        handler,
        topic: topic.into(),
        limits: version.limits,
        tick,
        scratch: Scratch::default(),
        broken: false,
        life,
        _place: place,
    })
}

struct Start<'a> {
    store: Store<Guest>,
    bound: Bound,
    tick: Duration,
    version: &'a Version,
}

impl Start<'_> {
    async fn instantiate(&mut self) -> Result<Exported, StartFailure> {
        begin(&mut self.store, &self.bound, 1);
        let seat = self.store.data().seat.clone();
        let starting = self.version.pre.instantiate_async(&mut self.store);
        let outcome = seat.within(self.bound.patience(self.tick), starting).await;
        end(&mut self.store, &self.bound, outcome).map_err(|failure| self.failure(failure))
    }

    fn handler(&mut self, exported: Exported) -> Result<Handler, StartFailure> {
        let handle = self.version.exports.handle;
        match self.version.inspection.world {
            World::Message => {
                exported.get_typed_func(&mut self.store, handle).map(Handler::Message)
            }
            World::Batch => exported.get_typed_func(&mut self.store, handle).map(Handler::Batch),
        }
        .map_err(wrong_type)
    }

    async fn configure(
        &mut self,
        exported: Exported,
        configure: ComponentExportIndex,
    ) -> Result<(), StartFailure> {
        let configure: Configure =
            exported.get_typed_func(&mut self.store, configure).map_err(wrong_type)?;
        begin(&mut self.store, &self.bound, 1);
        let seat = self.store.data().seat.clone();
        let call = configure.call_async(&mut self.store, (&self.version.config.json,));
        let outcome = seat.within(self.bound.patience(self.tick), call).await;
        let (accepted,) =
            end(&mut self.store, &self.bound, outcome).map_err(|failure| self.failure(failure))?;
        accepted.map_err(|words| {
            StartFailure::ConfigRefused(truncate(&words, FAILURE_BYTES_MAX).to_owned())
        })
    }

    fn failure(&self, failure: CallFailure) -> StartFailure {
        use millstream_message::FailureKind::{MemoryLimit, Timeout};
        let CallFailure { kind, message, host_fault } = failure;
        match kind {
            _ if host_fault => StartFailure::Pool(self.version.host.instances_max),
            Timeout => StartFailure::Timeout(message),
            MemoryLimit => StartFailure::Memory(message),
            _ => StartFailure::Trap(message),
        }
    }
}

/// Cannot happen once the plugin was inspected, and costs nothing to report.
fn wrong_type(error: wasmtime::Error) -> StartFailure {
    StartFailure::Trap(format!("{error:#}"))
}
