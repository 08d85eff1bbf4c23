//! Another version on trial beside the one that serves, and how that ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_queue::{DeployError, Share};
use tokio::time::{Instant, sleep};

use super::Deployment;
use crate::swap::service::Trial;
use crate::swap::version::{Generations, Version};
use crate::versions::{Module, is_journalled};

/// How long a trial waits for the end of the one before: what that withheld goes on in steps.
const TRIAL_BEFORE_MAX: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Deployment {
    /// Another version has messages from now on, as far as `share` goes.
    pub(in crate::swap) async fn begin(
        &self,
        module: Module,
        share: Share,
    ) -> Result<(), DeployError> {
        let digest = module.plugin.inspection().digest.to_string();
        let generation = self.begin_trial(&digest, share).await?;
        let since = self.broker.now().wall_ms;
        self.meters().load(&module.plugin);
        let version = Version::new(self.name(), module, Generations::all(generation), since);
        let trial = Some(Trial { version: Arc::new(version), share });
        self.service.send_modify(|service| service.trial = trial);
        Ok(())
    }

    async fn begin_trial(&self, digest: &str, share: Share) -> Result<u64, DeployError> {
        let until = Instant::now() + TRIAL_BEFORE_MAX;
        loop {
            match self.broker.begin_trial(self.name(), digest, share).await {
                Err(DeployError::OnTrial) if Instant::now() < until => sleep(LOOK_AGAIN).await,
                begun => return begun,
            }
        }
    }

    /// The version on trial has all keys from now on.
    pub(in crate::swap) async fn widen(&self) -> Result<(), DeployError> {
        self.broker.widen_trial(self.name(), Share::ALL).await?;
        self.service.send_modify(|service| {
            if let Some(trial) = &mut service.trial {
                trial.share = Share::ALL;
            }
        });
        Ok(())
    }

    /// The version on trial serves from now on. Gives the one that served.
    pub(in crate::swap) async fn promote(
        &self,
        bytes: Option<Bytes>,
    ) -> Result<Option<Arc<Version>>, DeployError> {
        let trial = self.service.borrow().trial.clone();
        let Some(Trial { version, .. }) = trial else { return Ok(None) };
        if let Some(bytes) = bytes.filter(|_| is_journalled(&*self.broker)) {
            self.broker.keep_module(self.name(), version.digest(), bytes).await?;
        }
        self.broker.promote(self.name()).await?;
        let mut replaced = None;
        self.service.send_modify(|service| replaced = service.promote());
        let Some((old, forgotten)) = replaced else { return Ok(None) };
        forgotten.into_iter().for_each(|one| self.forget(&one));
        Ok(Some(old))
    }

    /// The trial is over and the version that serves has all messages.
    pub(in crate::swap) async fn roll_back(
        &self,
        why: &str,
    ) -> Result<Option<Arc<Version>>, DeployError> {
        let told = self.broker.roll_back(self.name(), why).await;
        let mut trial = None;
        self.service.send_modify(|service| trial = service.trial.take());
        if let Some(trial) = &trial {
            trial.version.withdrawn.cancel();
        }
        told.map(|_| trial.map(|trial| trial.version))
    }
}
