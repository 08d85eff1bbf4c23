//! What a module has that matters here: how far its index spaces go, and where its bulk instructions are.

use std::ops::Range;

use wasmparser::{
    BinaryReaderError, DataSectionReader, FunctionBody, ImportSectionReader, MemoryType, Operator,
    Parser, Payload, TypeRef, TypeSectionReader,
};

use super::operation::{Memory, Operation, PART_BYTES};

#[derive(Default)]
pub(super) struct Survey {
    pub(super) types: u32,
    pub(super) functions: u32,
    /// In order.
    pub(super) sites: Vec<Site>,
    memories: Vec<MemoryType>,
    /// The length of each data segment.
    segments: Vec<u64>,
}

/// A bulk instruction that may move more than a part.
pub(super) struct Site {
    /// Where it stands in the module, in bytes.
    pub(super) range: Range<usize>,
    instruction: Instruction,
}

enum Instruction {
    Copy { to: u32, from: u32 },
    Fill { memory: u32 },
    Init { memory: u32, segment: u32 },
}

impl Survey {
    pub(super) fn of(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut survey = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(types) => survey.types(types)?,
                Payload::ImportSection(imports) => survey.imports(imports)?,
                Payload::FunctionSection(functions) => survey.defines(functions.count()),
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        survey.memories.push(memory?);
                    }
                }
                Payload::CodeSectionEntry(body) => survey.body(&body)?,
                Payload::DataSection(segments) => survey.segments(segments)?,
                _ => {}
            }
        }
        Ok(survey)
    }

    /// What the instruction at `site` does; none where it names what is not there, which is for the
    /// engine to refuse.
    pub(super) fn operation(&self, site: &Site) -> Option<Operation> {
        Some(match site.instruction {
            Instruction::Copy { to, from } => {
                Operation::Copy { to: self.memory(to)?, from: self.memory(from)? }
            }
            Instruction::Fill { memory } => Operation::Fill { memory: self.memory(memory)? },
            Instruction::Init { memory, segment } => {
                let bytes = *self.segments.get(segment as usize)?;
                Operation::Init { memory: self.memory(memory)?, segment, bytes }
            }
        })
    }

    fn memory(&self, index: u32) -> Option<Memory> {
        let wide = self.memories.get(index as usize)?.memory64;
        Some(Memory { index, wide })
    }

    /// As many more functions, or as many as a file claims to define.
    fn defines(&mut self, functions: u32) {
        self.functions = self.functions.saturating_add(functions);
    }

    fn types(&mut self, types: TypeSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for group in types {
            self.types = self.types.saturating_add(group?.types().len() as u32);
        }
        Ok(())
    }

    fn imports(&mut self, imports: ImportSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for import in imports.into_imports() {
            match import?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => self.defines(1),
                TypeRef::Memory(memory) => self.memories.push(memory),
                _ => {}
            }
        }
        Ok(())
    }

    fn segments(&mut self, segments: DataSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for segment in segments {
            self.segments.push(segment?.data.len() as u64);
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        let mut operators = body.get_operators_reader()?;
        let mut small = false;
        while !operators.eof() {
            let begin = operators.original_position();
            let operator = operators.read()?;
            if let Some(instruction) = Instruction::of(&operator).filter(|_| !small) {
                let range = begin..operators.original_position();
                self.sites.push(Site { range, instruction });
            }
            // The length is what comes last before the instruction.
            small = match operator {
                Operator::I32Const { value } => value.cast_unsigned() <= PART_BYTES,
                Operator::I64Const { value } => value.cast_unsigned() <= PART_BYTES.into(),
                _ => false,
            };
        }
        Ok(())
    }
}

impl Instruction {
    fn of(operator: &Operator<'_>) -> Option<Self> {
        Some(match *operator {
            Operator::MemoryCopy { dst_mem, src_mem } => Self::Copy { to: dst_mem, from: src_mem },
            Operator::MemoryFill { mem } => Self::Fill { memory: mem },
            Operator::MemoryInit { data_index, mem } => {
                Self::Init { memory: mem, segment: data_index }
            }
            _ => return None,
        })
    }
}
