//! The functions that do what a bulk instruction does, part by part.

use wasm_encoder::{BlockType, Encode, Function, InstructionSink, ValType};

/// What one instruction moves at most: sixteen pages, which the system may have to find first.
pub(super) const PART_BYTES: u32 = 64 << 10;

/// A WebAssembly page is so many bytes, as a power of two.
const PAGE_BITS: i64 = 16;
/// The code of a function's type.
const FUNCTION_TYPE: u8 = 0x60;

/// The operands of the instruction, which are the function's parameters.
const OPERANDS: [u32; 3] = [0, 1, 2];
const VALUE: u32 = 1;
const LENGTH: u32 = 2;
/// The same as 64 bits: where to, where from, how much is left; and how much there is.
const TO: u32 = 3;
const FROM: u32 = 4;
const LEFT: u32 = 5;
const THERE: u32 = 6;

/// What a bulk instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Copy {
        to: Memory,
        from: Memory,
    },
    Fill {
        memory: Memory,
    },
    /// `bytes` is the length of the segment, as long as it is not dropped.
    Init {
        memory: Memory,
        segment: u32,
        bytes: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Memory {
    pub(super) index: u32,
    /// Whether its addresses have 64 bits.
    pub(super) wide: bool,
}

impl Memory {
    fn address(self) -> ValType {
        if self.wide { ValType::I64 } else { ValType::I32 }
    }
}

impl Operation {
    /// What backtraces call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Copy { .. } => "memory.copy in parts",
            Self::Fill { .. } => "memory.fill in parts",
            Self::Init { .. } => "memory.init in parts",
        }
    }

    pub(super) fn encode_type(&self, out: &mut Vec<u8>) {
        out.push(FUNCTION_TYPE);
        self.operands().as_slice().encode(out);
        0_u32.encode(out);
    }

    fn operands(&self) -> [ValType; 3] {
        match *self {
            Self::Copy { to, from } => {
                let length = Memory { wide: to.wide && from.wide, ..to };
                [to.address(), from.address(), length.address()]
            }
            Self::Fill { memory } => [memory.address(), ValType::I32, memory.address()],
            Self::Init { memory, .. } => [memory.address(), ValType::I32, ValType::I32],
        }
    }

    pub(super) fn function(&self) -> Function {
        let mut function = Function::new([(4, ValType::I64)]);
        let mut writer = Writer { operation: self, code: function.instructions() };
        writer.small();
        writer.past_the_end();
        if matches!(self, Self::Copy { to, from } if to == from) {
            writer.last_part_first();
        }
        writer.first_part_first();
        writer.code.end();
        function
    }
}

/// Writes the function of an operation.
struct Writer<'a> {
    operation: &'a Operation,
    code: InstructionSink<'a>,
}

impl Writer<'_> {
    /// If it is no more than a part, the instruction itself, which is nearly always.
    fn small(&mut self) {
        self.widen(LENGTH, LEFT);
        self.code.local_get(LEFT).i64_const(PART_BYTES.into()).i64_le_u();
        self.all_at_once_if();
    }

    /// If it goes past an end, the instruction itself: it traps before it writes.
    fn past_the_end(&mut self) {
        self.widen(0, TO);
        match *self.operation {
            Operation::Copy { to, from } => {
                self.widen(1, FROM);
                self.memory_ends_before(to, TO);
                self.memory_ends_before(from, FROM);
                self.code.i32_or();
            }
            Operation::Fill { memory } => self.memory_ends_before(memory, TO),
            Operation::Init { memory, bytes, .. } => {
                self.widen(1, FROM);
                self.memory_ends_before(memory, TO);
                self.code.i64_const(bytes.cast_signed()).local_set(THERE);
                self.ends_before(FROM);
                self.code.i32_or();
            }
        }
        self.all_at_once_if();
    }

    fn memory_ends_before(&mut self, memory: Memory, begin: u32) {
        self.code.memory_size(memory.index);
        if !memory.wide {
            self.code.i64_extend_i32_u();
        }
        self.code.i64_const(PAGE_BITS).i64_shl().local_set(THERE);
        self.ends_before(begin);
    }

    /// Whether what is there ends before what is left from `begin` on does.
    fn ends_before(&mut self, begin: u32) {
        let code = &mut self.code;
        code.local_get(THERE).local_get(LEFT).i64_lt_u();
        code.local_get(begin).local_get(THERE).local_get(LEFT).i64_sub().i64_gt_u();
        code.i32_or();
    }

    fn all_at_once_if(&mut self) {
        self.code.if_(BlockType::Empty);
        OPERANDS.into_iter().for_each(|operand| _ = self.code.local_get(operand));
        self.instruction();
        self.code.return_().end();
    }

    /// If it moves upwards, so that nothing is overwritten before it is moved.
    fn last_part_first(&mut self) {
        self.code.local_get(TO).local_get(FROM).i64_gt_u().if_(BlockType::Empty);
        self.code.loop_(BlockType::Empty);
        self.move_on(LEFT, true);
        self.part(true, |code| _ = code.i64_const(PART_BYTES.into()));
        self.again_while_more_than_a_part_is_left();
        self.part(false, |code| _ = code.local_get(LEFT));
        self.code.return_().end();
    }

    fn first_part_first(&mut self) {
        self.code.loop_(BlockType::Empty);
        self.part(false, |code| _ = code.i64_const(PART_BYTES.into()));
        self.move_on(TO, false);
        self.move_on(FROM, false);
        self.move_on(LEFT, true);
        self.again_while_more_than_a_part_is_left();
        self.part(false, |code| _ = code.local_get(LEFT));
    }

    fn again_while_more_than_a_part_is_left(&mut self) {
        self.code.local_get(LEFT).i64_const(PART_BYTES.into()).i64_gt_u().br_if(0).end();
    }

    fn move_on(&mut self, local: u32, back: bool) {
        self.code.local_get(local).i64_const(PART_BYTES.into());
        if back { self.code.i64_sub() } else { self.code.i64_add() }.local_set(local);
    }

    /// The instruction on one part: the first of what is left or, `behind` that, the one after it.
    fn part(&mut self, behind: bool, length: impl FnOnce(&mut InstructionSink<'_>)) {
        let [to, from, bytes] = self.operation.operands();
        self.operand(TO, behind, to);
        match self.operation {
            Operation::Fill { .. } => _ = self.code.local_get(VALUE),
            _ => self.operand(FROM, behind, from),
        }
        length(&mut self.code);
        self.narrow(bytes);
        self.instruction();
    }

    fn operand(&mut self, local: u32, behind: bool, operand: ValType) {
        self.code.local_get(local);
        if behind {
            self.code.local_get(LEFT).i64_add();
        }
        self.narrow(operand);
    }

    /// The operand as 64 bits, in `local`.
    fn widen(&mut self, operand: u32, local: u32) {
        self.code.local_get(operand);
        if self.operation.operands()[operand as usize] == ValType::I32 {
            self.code.i64_extend_i32_u();
        }
        self.code.local_set(local);
    }

    fn narrow(&mut self, operand: ValType) {
        if operand == ValType::I32 {
            self.code.i32_wrap_i64();
        }
    }

    fn instruction(&mut self) {
        match *self.operation {
            Operation::Copy { to, from } => self.code.memory_copy(to.index, from.index),
            Operation::Fill { memory } => self.code.memory_fill(memory.index),
            Operation::Init { memory, segment, .. } => self.code.memory_init(memory.index, segment),
        };
    }
}
