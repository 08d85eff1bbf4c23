//! Calls that fail when a test says so.

use std::collections::BTreeMap;
use std::io;

/// The error numbers of a broken and of a full disk.
pub(crate) const EIO: i32 = 5;
pub(crate) const ENOSPC: i32 = 28;

/// What the journal asks of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    List,
    Create,
    Open,
    Rename,
    Remove,
    Quarantine,
    SyncFolder,
    FreeBytes,
    Lock,
    Size,
    Read,
    Write,
    SyncFile,
    Allocate,
    Truncate,
}

/// The call that fails: the first is number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// The n-th call of this kind.
    Nth(Call, u64),
    /// The n-th of all calls that change the disk.
    NthChange(u64),
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// With this error number.
    Error(i32),
    /// A write takes half of its bytes and says so. No other call can.
    Short,
}

#[derive(Default)]
pub(super) struct Faults {
    calls: BTreeMap<Call, u64>,
    changes: u64,
    planned: Option<(Trigger, Fault)>,
    happened: bool,
}

impl Faults {
    pub(super) fn plan(&mut self, trigger: Trigger, fault: Fault) {
        self.planned = Some((trigger, fault));
        self.happened = false;
    }

    pub(super) fn calls(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn happened(&self) -> bool {
        self.happened
    }

    /// Counts the call; its fault, if it is to fail.
    pub(super) fn take(&mut self, call: Call) -> Option<Fault> {
        let count = self.calls.entry(call).or_default();
        *count += 1;
        self.changes += u64::from(call.changes());
        let (trigger, fault) = self.planned?;
        let due = match trigger {
            Trigger::Nth(kind, n) => kind == call && *count == n,
            Trigger::NthChange(n) => call.changes() && self.changes == n,
        };
        self.happened |= due;
        due.then_some(fault)
    }

    /// As [`Faults::take`], for calls that have no halves.
    pub(super) fn check(&mut self, call: Call) -> io::Result<()> {
        match self.take(call) {
            Some(Fault::Error(code)) => Err(io::Error::from_raw_os_error(code)),
            Some(Fault::Short) | None => Ok(()),
        }
    }
}

impl Call {
    fn changes(self) -> bool {
        !matches!(
            self,
            Self::List | Self::Open | Self::FreeBytes | Self::Lock | Self::Size | Self::Read
        )
    }
}
