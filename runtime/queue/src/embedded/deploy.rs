//! Versions of plugins: trials, promotions, and the bytes that a start and a rollback need.

use bytes::{Bytes, BytesMut};
use millstream_message::{BatchBuilder, MessageId};

use super::EmbeddedBroker;
use crate::broker::{DeployError, Ended};
use crate::core::{
    Act, Answer, Deploy, Event, MODULE_PART_BYTES, MODULE_PARTS_MAX, ModulePart, PartPlace, Refusal,
};

/// Times that a version's bytes are looked for while the journal moves them.
const FETCHES_MAX: usize = 3;

impl EmbeddedBroker {
    pub(super) async fn deploy(&self, plugin: &str, act: Act) -> Result<u64, DeployError> {
        let plugin = plugin.to_owned();
        match self.act(Event::Deploy(Box::new(Deploy { plugin, act }))).await? {
            Answer::Generation(generation) => Ok(generation),
            Answer::Refused(refusal) => Err(refused(refusal)),
            _ => Ok(0),
        }
    }

    /// What a journal promotes, a start must be able to serve.
    pub(super) async fn promote_kept(&self, plugin: &str) -> Result<u64, DeployError> {
        if self.keeper.is_some() {
            let state = self.lock();
            let all = state.core.plugins();
            let trial =
                all.iter().find(|one| one.name == plugin).and_then(|one| one.trial.as_ref());
            let trial = trial.ok_or(DeployError::NoTrial)?;
            if state.core.module(plugin, &trial.version.digest).is_none() {
                return Err(DeployError::NotKept);
            }
        }
        self.deploy(plugin, Act::Promote).await
    }

    /// Part by part, each durable before the next: what others record goes in between.
    pub(super) async fn keep(
        &self,
        plugin: &str,
        digest: &str,
        module: &Bytes,
    ) -> Result<(), DeployError> {
        if self.lock().core.module(plugin, digest).is_some() {
            // Somebody else may have kept it just now.
            return Ok(self.all_durable().await?);
        }
        let parts = module.len().div_ceil(MODULE_PART_BYTES).max(1);
        let parts = u32::try_from(parts).ok().filter(|parts| *parts <= MODULE_PARTS_MAX);
        let parts = parts.ok_or(DeployError::TooLarge)?;
        for part in 0..parts {
            let start = part as usize * MODULE_PART_BYTES;
            let end = (start + MODULE_PART_BYTES).min(module.len());
            let mut bytes = BatchBuilder::with_capacity(1, end - start);
            let id = MessageId::from_bytes([0; 16]);
            bytes.push(id, 0, None, [], &module[start..end]).map_err(|_| DeployError::TooLarge)?;
            let one = ModulePart {
                plugin: plugin.to_owned(),
                digest: digest.to_owned(),
                part,
                parts,
                bytes: bytes.build(),
                stored: None,
            };
            match self.act(Event::Keep(Box::new(one))).await? {
                Answer::Refused(refusal) => return Err(refused(refusal)),
                _ => tokio::task::yield_now().await,
            }
        }
        Ok(())
    }

    pub(super) fn fetch_module(&self, plugin: &str, digest: &str) -> Result<Option<Bytes>, Ended> {
        let mut failed = Ended(String::new());
        // Where they are may change while they are read.
        for _ in 0..FETCHES_MAX {
            let Some(places) = self.lock().core.module(plugin, digest) else { return Ok(None) };
            match self.read_module(places) {
                Ok(module) => return Ok(Some(module)),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn read_module(&self, places: Vec<PartPlace>) -> Result<Bytes, Ended> {
        let mut module = BytesMut::new();
        for place in places {
            let batch = match (place, &self.keeper) {
                (PartPlace::Memory(batch), _) => batch,
                (PartPlace::Journal(stored), Some(keeper)) => keeper
                    .fetch(&[stored])
                    .map_err(|damage| Ended(format!("reading a plugin's bytes: {damage}")))?,
                (PartPlace::Journal(_), None) => return Err(Ended("there is no journal".into())),
            };
            module.extend_from_slice(batch.get(0).payload());
        }
        Ok(module.freeze())
    }

    pub(super) async fn until_trial_full(&self, plugin: &str) {
        loop {
            let told = self.trial_full.notified();
            tokio::pin!(told);
            // Registers before looking, so that a change in between is not missed.
            told.as_mut().enable();
            let all = self.lock().core.plugins();
            let mut trials = all.iter().filter(|one| one.name == plugin);
            if trials.any(|one| one.trial.as_ref().is_some_and(|trial| trial.is_full)) {
                return;
            }
            told.await;
        }
    }
}

fn refused(refusal: Refusal) -> DeployError {
    match refusal {
        Refusal::OnTrial => DeployError::OnTrial,
        Refusal::NoTrial => DeployError::NoTrial,
        Refusal::TooLarge => DeployError::TooLarge,
        _ => DeployError::Unknown,
    }
}
