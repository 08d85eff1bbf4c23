//! What the host keeps for one instance, and what an instance may call.

use std::sync::Arc;

use tokio::time::Instant;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Engine, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};
use wasmtime_wasi_http::WasiHttpCtxView;

use crate::capability::Http;
use crate::grants::Reach;
use crate::host_data::HostData;
use crate::inert;
use crate::limiter::Limiter;
use crate::logging::{self, Log};
use crate::plugin::Version;
use crate::seat::Seat;
use crate::stdio::Tail;

/// WASI resources (streams, pollables) that one instance may hold: each costs host memory.
const WASI_RESOURCES_MAX: usize = 1_000;
/// Handles of any kind that one instance may hold.
const HANDLES_MAX: usize = 10_000;

/// The host's side of one instance.
pub(crate) struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) http: Http,
    pub(crate) version: Arc<Version>,
    pub(crate) limiter: Limiter,
    pub(crate) host_data: HostData,
    pub(crate) seat: Arc<Seat>,
    pub(crate) log: Log,
    pub(crate) stdout: Tail,
    pub(crate) stderr: Tail,
    /// When the running call must have ended, had it never waited for its turn.
    pub(crate) deadline: Instant,
}

impl Guest {
    pub(crate) fn new(version: Arc<Version>, subscription: &str, reach: Reach) -> Self {
        let host_data = HostData::default();
        let (stdout, stderr) = (Tail::new(&host_data), Tail::new(&host_data));
        let mut table = ResourceTable::new();
        table.set_max_capacity(WASI_RESOURCES_MAX);
        Self {
            wasi: inert::context(&stdout, &stderr),
            table,
            http: Http::new(version.http.clone(), reach, subscription, host_data.clone()),
            limiter: Limiter::new(version.limits.memory, version.limits.tables),
            host_data,
            seat: Seat::new(version.meters.of(subscription), version.lane.clone()),
            log: Log::new(&version, subscription),
            stdout,
            stderr,
            deadline: Instant::now(),
            version,
        }
    }

    /// Whether it holds so many WASI resources that it will soon have none left: it does not give
    /// back what it takes.
    pub(crate) fn leaks(&mut self) -> bool {
        self.table.iter_mut().nth(WASI_RESOURCES_MAX / 2).is_some()
    }

    /// What `wasi:http` works on, if it is linked.
    pub(crate) fn http_view(&mut self) -> WasiHttpCtxView<'_> {
        self.http.view(&mut self.table)
    }

    /// Prepares a new instance's store: limits that hold for all its life.
    pub(crate) fn into_store(self, engine: &Engine) -> wasmtime::Store<Self> {
        let mut store = wasmtime::Store::new(engine, self);
        store.limiter(|guest| &mut guest.limiter);
        store.epoch_deadline_callback(on_tick);
        store.set_max_component_handles(HANDLES_MAX);
        store
    }
}

/// Yields to other tasks at every tick, and traps once the deadline has passed.
#[expect(clippy::unnecessary_wraps, reason = "the engine's callback may fail, this one does not")]
fn on_tick(store: StoreContextMut<'_, Guest>) -> wasmtime::Result<UpdateDeadline> {
    let guest = store.data();
    let late = Instant::now() >= guest.deadline + guest.seat.waited();
    if late {
        return Ok(UpdateDeadline::Interrupt);
    }
    guest.seat.yields();
    Ok(UpdateDeadline::Yield(1))
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Everything that a guest may import without a grant.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    inert::link(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |guest: &mut Guest| {
        WasiConfig::new(&guest.version.config.variables)
    })?;
    logging::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// A plugin's own configuration, in both forms a guest can ask for.
pub(crate) struct Config {
    /// One JSON object.
    pub(crate) json: String,
    /// Its top-level keys: strings as they are, other values as JSON text.
    variables: WasiConfigVariables,
}

impl Config {
    /// The error says what is wrong with `value`.
    pub(crate) fn new(value: serde_json::Value) -> Result<Self, String> {
        let object = match value {
            serde_json::Value::Null => serde_json::Map::new(),
            serde_json::Value::Object(object) => object,
            other => return Err(format!("`config` must be an object, not {other}")),
        };
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let variables = object.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        Ok(Self { json: serde_json::Value::Object(object).to_string(), variables })
    }
}

/// What a plugin is called.
pub(crate) struct Names {
    /// In the pipeline file.
    pub(crate) plugin: Arc<str>,
}
