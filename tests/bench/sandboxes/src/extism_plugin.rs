//! Extism, with one message a call and with a batch: payloads only, since it has no form for more.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use extism::{Manifest, Plugin, Wasm};

use crate::contender::{Contender, Figure, Row, timed};
use crate::payload::{BATCH, PAYLOAD};

/// Bytes of a length, as the guest reads it.
const LENGTH: usize = 4;

pub(crate) struct Extism {
    plugin: Plugin,
}

impl Extism {
    pub(crate) fn start(guest: &Path) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(guest).with_context(|| format!("cannot read {}", guest.display()))?;
        let plugin = Plugin::new(Manifest::new([Wasm::data(bytes)]), [], false)?;
        Ok(Self { plugin })
    }

    fn one(&mut self) -> anyhow::Result<()> {
        let message: &[u8] = self.plugin.call("echo", &PAYLOAD[..])?;
        anyhow::ensure!(message.len() == PAYLOAD.len(), "Extism's echo is not whole");
        black_box(message);
        Ok(())
    }

    fn batch(&mut self) -> anyhow::Result<()> {
        let mut written = Vec::with_capacity(BATCH * (LENGTH + PAYLOAD.len()));
        for _ in 0..BATCH {
            written.extend_from_slice(&(PAYLOAD.len() as u32).to_le_bytes());
            written.extend_from_slice(&PAYLOAD);
        }
        let read: &[u8] = self.plugin.call("echo_batch", &written[..])?;
        anyhow::ensure!(black_box(messages(read)?).len() == BATCH, "Extism's echo is not whole");
        Ok(())
    }
}

/// The messages in what the guest wrote.
fn messages(mut rest: &[u8]) -> anyhow::Result<Vec<&[u8]>> {
    let mut messages = Vec::with_capacity(BATCH);
    while let Some((length, after)) = rest.split_first_chunk::<LENGTH>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (message, after) = after.split_at_checked(length).context("a message is cut off")?;
        messages.push(message);
        rest = after;
    }
    Ok(messages)
}

impl Contender for Extism {
    fn round(&mut self, span: Duration) -> anyhow::Result<Vec<Figure>> {
        Ok(vec![
            timed(Row::ExtismSingle, span, 1, || self.one())?,
            timed(Row::ExtismBatch, span, BATCH, || self.batch())?,
        ])
    }
}
