//! Fluvio's engine, called as its broker calls it: with records in the form they are stored in.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use fluvio_smartengine::{
    DEFAULT_SMARTENGINE_VERSION, SmartEngine as Engine, SmartModuleChainBuilder,
    SmartModuleChainInstance, SmartModuleConfig,
};
use fluvio_smartmodule::Record;
use fluvio_smartmodule::dataplane::smartmodule::SmartModuleInput;

use crate::contender::{Contender, Figure, Row, timed};
use crate::payload::{BATCH, KEY, PAYLOAD};

pub(crate) struct SmartEngine {
    chain: SmartModuleChainInstance,
    /// Encoded once, since they lie encoded on the broker's disk.
    input: SmartModuleInput,
}

impl SmartEngine {
    pub(crate) fn start(guest: &Path) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(guest).with_context(|| format!("cannot read {}", guest.display()))?;
        let config =
            SmartModuleConfig::builder().smartmodule_names(vec!["echo".to_owned()]).build()?;
        let chain = SmartModuleChainBuilder::from((config, bytes)).initialize(&Engine::new())?;
        let records = vec![Record::new_key_value(KEY, PAYLOAD); BATCH];
        let input = SmartModuleInput::try_from_records(records, DEFAULT_SMARTENGINE_VERSION)?;
        Ok(Self { chain, input })
    }
}

impl Contender for SmartEngine {
    fn round(&mut self, span: Duration) -> anyhow::Result<Vec<Figure>> {
        let figure = timed(Row::SmartModule, span, BATCH, || {
            let output = self.chain.process(self.input.clone())?;
            anyhow::ensure!(output.successes.len() == BATCH, "the SmartModule's echo is not whole");
            black_box(output);
            Ok(())
        })?;
        Ok(vec![figure])
    }
}
