//! Hands every record on as it came.

use fluvio_smartmodule::{RecordData, Result, SmartModuleRecord, smartmodule};

/// Both are counted references: nothing is copied here.
#[smartmodule(map)]
pub fn echo(record: &SmartModuleRecord) -> Result<(Option<RecordData>, RecordData)> {
    Ok((record.key.clone(), record.value.clone()))
}
