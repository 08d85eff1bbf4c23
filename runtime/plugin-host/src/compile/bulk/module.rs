//! A module whose bulk instructions are calls.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wasm_encoder::{Encode, SectionId};
use wasmparser::{BinaryReader, BinaryReaderError, CodeSectionReader};

use super::operation::Operation;
use super::survey::{Site, Survey};
use super::{HEADER_BYTES, Section, Sections, push};
use crate::inspect::{LoadError, invalid};

/// Kinds of bulk instructions in one module: compilers use two, and stops one that is built to get a
/// function for each of its data segments.
const OPERATIONS_MAX: usize = 1_000;
/// The name of the section that names functions, and the part of it that does.
const NAMES: &str = "name";
const FUNCTION_NAMES: u8 = 1;
const CUSTOM: u8 = SectionId::Custom as u8;
const TYPE: u8 = SectionId::Type as u8;
const FUNCTION: u8 = SectionId::Function as u8;
const CODE: u8 = SectionId::Code as u8;
/// The operation codes of `call` and `nop`.
const CALL: u8 = 0x10;
const NOP: u8 = 0x01;

/// `module` with its bulk instructions on memories in parts.
pub(super) fn in_parts(module: &[u8]) -> Result<Cow<'_, [u8]>, LoadError> {
    let survey = Survey::of(module).map_err(invalid)?;
    let rewriting = Rewriting::of(module, &survey)?;
    if rewriting.operations.is_empty() {
        return Ok(Cow::Borrowed(module));
    }
    rewriting.apply().map(Cow::Owned).map_err(invalid)
}

/// What is to be done with a module.
struct Rewriting<'a> {
    module: &'a [u8],
    /// Where a call is to stand, and of which function.
    calls: Vec<(&'a Site, u32)>,
    /// What its additional functions do, in order.
    operations: Vec<Operation>,
    /// The index of the first type and of the first function that is added.
    first_type: u32,
    first_function: u32,
}

impl<'a> Rewriting<'a> {
    fn of(module: &'a [u8], survey: &'a Survey) -> Result<Self, LoadError> {
        let (mut known, mut operations) = (BTreeMap::new(), Vec::new());
        let mut calls = Vec::new();
        for site in &survey.sites {
            let Some(operation) = survey.operation(site) else { continue };
            let place = *known.entry(operation).or_insert_with(|| {
                operations.push(operation);
                operations.len() as u32 - 1
            });
            if operations.len() > OPERATIONS_MAX {
                return Err(LoadError::Invalid(format!(
                    "it moves memory in more than {OPERATIONS_MAX} different ways"
                )));
            }
            calls.push((site, survey.functions.saturating_add(place)));
        }
        let Survey { types: first_type, functions: first_function, .. } = *survey;
        Ok(Self { module, calls, operations, first_type, first_function })
    }

    fn apply(&self) -> Result<Vec<u8>, BinaryReaderError> {
        let (header, sections) = self.module.split_at(HEADER_BYTES);
        let mut out = header.to_vec();
        for section in Sections::of(sections) {
            let Section { id, begin, contents } = section?;
            match id {
                TYPE => push(&mut out, id, &self.types(contents)?),
                FUNCTION => push(&mut out, id, &self.function_types(contents)?),
                CODE => push(&mut out, id, &self.code(contents, HEADER_BYTES + begin)?),
                CUSTOM => push(&mut out, id, &self.custom(contents)?),
                _ => push(&mut out, id, contents),
            }
        }
        Ok(out)
    }

    /// A vector with one more item for each operation.
    fn longer(
        &self,
        vector: &[u8],
        encode: impl Fn(u32, &Operation, &mut Vec<u8>),
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let mut reader = BinaryReader::new(vector, 0);
        let items = reader.read_var_u32()?;
        let mut out = Vec::new();
        items.saturating_add(self.operations.len() as u32).encode(&mut out);
        out.extend(reader.read_bytes(reader.bytes_remaining())?);
        (0..).zip(&self.operations).for_each(|(place, one)| encode(place, one, &mut out));
        Ok(out)
    }

    fn types(&self, contents: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        self.longer(contents, |_, operation, out| operation.encode_type(out))
    }

    fn function_types(&self, contents: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        self.longer(contents, |place, _, out| self.first_type.saturating_add(place).encode(out))
    }

    fn code(&self, contents: &[u8], begin: usize) -> Result<Vec<u8>, BinaryReaderError> {
        let bodies = self.bodies(contents, begin)?;
        self.longer(&bodies, |_, operation, out| operation.function().encode(out))
    }

    /// The code section, whose `contents` `begin` there in the module, with calls in the place of
    /// instructions.
    fn bodies(&self, contents: &[u8], begin: usize) -> Result<Vec<u8>, BinaryReaderError> {
        let bodies = CodeSectionReader::new(BinaryReader::new(contents, begin))?;
        let mut calls = self.calls.iter().peekable();
        let mut at = bodies.original_position();
        let mut out = self.module[begin..at].to_vec();
        for body in bodies {
            let range = body?.range();
            let mut replaced = Vec::with_capacity(range.len());
            let mut copied = range.start;
            while let Some((site, function)) =
                calls.next_if(|(site, _)| site.range.end <= range.end)
            {
                replaced.extend(&self.module[copied..site.range.start]);
                replaced.extend(call(*function, site.range.len()));
                copied = site.range.end;
            }
            replaced.extend(&self.module[copied..range.end]);
            match replaced.len() == range.len() {
                // However its length is written.
                true => out.extend(&self.module[at..range.start]),
                false => replaced.len().encode(&mut out),
            }
            out.extend(replaced);
            at = range.end;
        }
        Ok(out)
    }

    /// A custom section; in that which names functions, with names for those that are added.
    fn custom(&self, contents: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let mut reader = BinaryReader::new(contents, 0);
        if reader.read_string()? != NAMES {
            return Ok(contents.to_vec());
        }
        let (head, names) = contents.split_at(reader.original_position());
        // What cannot be read names nothing, and the engine does not mind.
        Ok(self.names(head, names).unwrap_or_else(|_| contents.to_vec()))
    }

    fn names(&self, head: &[u8], names: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let mut out = head.to_vec();
        for part in Sections::of(names) {
            let Section { id, contents, .. } = part?;
            match id {
                FUNCTION_NAMES => {
                    let longer = self.longer(contents, |place, operation, out| {
                        self.first_function.saturating_add(place).encode(out);
                        operation.name().encode(out);
                    });
                    push(&mut out, id, &longer?);
                }
                _ => push(&mut out, id, contents),
            }
        }
        Ok(out)
    }
}

/// A call of `function` in `bytes`, or in as many as it needs.
fn call(function: u32, bytes: usize) -> Vec<u8> {
    let mut out = vec![CALL];
    function.encode(&mut out);
    // A number may be written with zeros in front, which come last, in up to five bytes.
    while out.len() < bytes.min(6) {
        if let Some(last) = out.last_mut() {
            *last |= 0x80;
        }
        out.push(0);
    }
    out.resize(bytes.max(out.len()), NOP);
    out
}
