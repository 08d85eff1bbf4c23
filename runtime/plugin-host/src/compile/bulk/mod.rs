//! Bulk instructions in parts. The engine looks at its clock at loops and calls only, so one `memory.copy`
//! of all that a guest has would hold a thread for as long as that takes: 4 GiB, seconds. Before anything is
//! compiled, each bulk instruction on a memory is replaced by a call of a function that does the same in a
//! loop, part by part (`operation`). Its module gets one for each kind (`module`), behind its own.
//!
//! What a guest sees is the same: a range that is not all there traps before anything is written, and
//! ranges that overlap are moved as if by way of a copy. What debuggers see is nearly always as well: a call
//! takes the bytes that the instruction took, so addresses in debug information stay true. They are a byte or
//! two off where a number needs one byte more than before: that of the functions when it passes 127 or
//! 16,383, that of the added one from 16,384 on in the place of a `memory.fill`.
//!
//! The price is that call, about two nanoseconds for each copy whose length nobody knows beforehand: a
//! plugin that parses JSON takes four percent longer.
//!
//! Not here: bulk instructions on tables, which `limits.tables` keeps short.

mod module;
mod operation;
mod survey;

use wasm_encoder::{RawSection, Section as _};
use wasmparser::{BinaryReader, BinaryReaderError};

use crate::inspect::{LoadError, invalid};

/// Components within components: stops a file that nests them until the stack is over.
const DEPTH_MAX: usize = 64;
/// The magic number, the version and the layer of a module or a component.
const HEADER_BYTES: usize = 8;
/// Sections of a component that hold a module or another component.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// `component` with its bulk instructions on memories in parts.
///
/// # Errors
/// It is not put together as a component is, or in a way that no compiler would.
pub(crate) fn in_parts(component: &[u8]) -> Result<Vec<u8>, LoadError> {
    rewritten(component, DEPTH_MAX)
}

fn rewritten(component: &[u8], depth: usize) -> Result<Vec<u8>, LoadError> {
    if depth == 0 {
        return Err(LoadError::Invalid("its components are nested too deeply".to_owned()));
    }
    let (header, sections) = component.split_at_checked(HEADER_BYTES).unwrap_or((component, &[]));
    let mut out = header.to_vec();
    for section in Sections::of(sections) {
        let Section { id, contents, .. } = section.map_err(invalid)?;
        match id {
            CORE_MODULE => push(&mut out, id, &module::in_parts(contents)?),
            COMPONENT => push(&mut out, id, &rewritten(contents, depth - 1)?),
            _ => push(&mut out, id, contents),
        }
    }
    Ok(out)
}

fn push(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    RawSection { id, data: contents }.append_to(out);
}

/// A part of a module, of a component, or of a module's names: they are all put together alike.
struct Section<'a> {
    id: u8,
    /// Where its contents begin among the sections.
    begin: usize,
    contents: &'a [u8],
}

struct Sections<'a>(BinaryReader<'a>);

impl<'a> Sections<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self(BinaryReader::new(bytes, 0))
    }

    fn read(&mut self) -> Result<Section<'a>, BinaryReaderError> {
        let id = self.0.read_u8()?;
        let size = self.0.read_var_u32()?;
        let begin = self.0.original_position();
        Ok(Section { id, begin, contents: self.0.read_bytes(size as usize)? })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, BinaryReaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.eof()).then(|| self.read())
    }
}

#[cfg(test)]
mod tests;
