//! The same module as it is and in parts, run side by side.

use wasmparser::{Operator, Parser, Payload};
use wasmtime::{Config, Engine, Instance, Module, Store, UpdateDeadline};

use super::operation::PART_BYTES;
use super::*;

const PART: u64 = PART_BYTES as u64;
/// The memories of the modules below.
const MEMORY_BYTES: u64 = 4 * PART;

/// Each bulk instruction behind an export of three operands: `M` the address type of the first memory,
/// `N` of the second.
const WAT: &str = r#"(module
  (memory (export "memory") M 4)
  (memory (export "other") N 4)
  (data $given "0123456789abcdef")
  (data $large "LARGE")
  (func (export "copy") (param M M M)
    (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "across") (param N M i32)
    (memory.copy 1 0 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param M M M)
    (memory.fill (local.get 0) (i32.const 7) (local.get 2)))
  (func (export "init") (param M i32 i32)
    (memory.init $large (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $large))
  (func (export "short") (memory.fill (M.const 0) (i32.const 1) (M.const 65536))))"#;

fn module(first: &str, other: &str) -> Vec<u8> {
    let large: String = ('a'..='z').cycle().take(3 * PART as usize + 5).collect();
    let text = WAT.replace("LARGE", &large).replace(" M", &format!(" {first}"));
    let text = text.replace("(M.", &format!("({first}.")).replace(" N", &format!(" {other}"));
    wat::parse_str(text).expect("it is a module")
}

/// A module at work.
struct Run {
    store: Store<u64>,
    instance: Instance,
}

impl Run {
    fn of(module: &[u8]) -> Self {
        let engine = Engine::new(Config::new().epoch_interruption(true)).expect("an engine");
        let module = Module::new(&engine, module).expect("it compiles");
        let mut store = Store::new(&engine, 0);
        // The clock ticks all the time: each look at it is counted.
        store.epoch_deadline_callback(|mut store| {
            *store.data_mut() += 1;
            Ok(UpdateDeadline::Continue(0))
        });
        let instance = Instance::new(&mut store, &module, &[]).expect("it starts");
        let mut run = Self { store, instance };
        run.memory("memory")
            .iter_mut()
            .zip((0..251).cycle())
            .for_each(|(byte, value)| *byte = value);
        run
    }

    fn memory(&mut self, name: &str) -> &mut [u8] {
        let memory = self.instance.get_memory(&mut self.store, name).expect("it has that memory");
        memory.data_mut(&mut self.store)
    }

    /// Calls an export; what it says if it traps.
    fn call(&mut self, name: &str, operands: [u64; 3]) -> Result<(), String> {
        use wasmtime::Val;
        let function = self.instance.get_func(&mut self.store, name).expect("it has that export");
        let parameters = function.ty(&self.store);
        let operands: Vec<Val> = parameters
            .params()
            .zip(operands)
            .map(|(kind, value)| match kind.is_i64() {
                true => Val::I64(value.cast_signed()),
                false => Val::I32((value as u32).cast_signed()),
            })
            .collect();
        let called = function.call(&mut self.store, &operands, &mut []);
        called.map_err(|error| error.root_cause().to_string())
    }
}

/// Offsets and lengths at which something may go wrong.
fn edges() -> impl Iterator<Item = u64> + Clone {
    let near = |at: u64| [at - 1, at, at + 1];
    [0, 1].into_iter().chain([PART, MEMORY_BYTES - PART, MEMORY_BYTES].into_iter().flat_map(near))
}

/// Whether `export` does in parts what it does by itself, whatever its operands.
fn same(first: &str, other: &str, export: &str) {
    let module = module(first, other);
    let parts = module::in_parts(&module).expect("it is rewritten");
    assert_ne!(*parts, *module);
    let (mut whole, mut parts) = (Run::of(&module), Run::of(&parts));
    let huge = [u64::from(u32::MAX), u64::from(u32::MAX) - PART + 1, u64::MAX];
    for to in edges().chain(huge) {
        for from in edges() {
            for length in edges().chain(huge) {
                let operands = [to, from, length];
                assert_eq!(
                    whole.call(export, operands),
                    parts.call(export, operands),
                    "{operands:?}"
                );
                for memory in ["memory", "other"] {
                    assert!(whole.memory(memory) == parts.memory(memory), "{export} {operands:?}");
                }
            }
        }
    }
}

#[test]
fn memory_is_moved_as_by_one_instruction_wherever_it_overlaps_and_not_at_all_past_an_end() {
    ["copy", "across", "fill"].into_iter().for_each(|export| same("i32", "i32", export));
}

#[test]
fn memory_with_long_addresses_is_moved_the_same_way() {
    ["copy", "across", "fill"].into_iter().for_each(|export| same("i64", "i32", export));
}

#[test]
fn data_is_placed_as_by_one_instruction_until_it_is_dropped() {
    same("i32", "i32", "init");
    let module = module("i32", "i32");
    let parts = module::in_parts(&module).expect("it is rewritten");
    for mut run in [Run::of(&module), Run::of(&parts)] {
        run.call("drop", [0; 3]).expect("it can be dropped");
        let before = run.memory("memory").to_vec();
        run.call("init", [0, 0, 2 * PART]).expect_err("nothing is there");
        assert!(run.memory("memory") == before);
        run.call("init", [0, 0, 0]).expect("nothing is there to be placed");
    }
}

#[test]
fn the_clock_is_looked_at_between_two_parts() {
    for (export, operands) in [
        ("copy", [1, 0, MEMORY_BYTES - 1]),
        ("copy", [0, 1, MEMORY_BYTES - 1]),
        ("across", [0, 0, MEMORY_BYTES]),
        ("fill", [0, 0, MEMORY_BYTES]),
        ("init", [0, 0, 3 * PART + 5]),
    ] {
        let mut run = Run::of(&module::in_parts(&module("i32", "i32")).expect("it is rewritten"));
        run.call(export, operands).expect("it does not trap");
        assert!(*run.store.data() >= operands[2] / PART, "{export}: {} looks", run.store.data());
    }
}

#[test]
fn what_is_short_for_sure_stays_one_instruction() {
    let module = module("i32", "i32");
    let parts = module::in_parts(&module).expect("it is rewritten");
    let [whole, parts] = [&module, &*parts].map(|module| {
        let mut run = Run::of(module);
        run.call("short", [0; 3]).expect("it does not trap");
        *run.store.data()
    });
    assert_eq!(whole, parts, "a call is one more look at the clock");
    let nothing = wat::parse_str(r#"(module (memory 1) (func (nop)))"#).expect("it is a module");
    assert_eq!(*module::in_parts(&nothing).expect("it is read"), *nothing);
}

/// Where each function's instructions stand from the begin of the code section on, as debug information
/// counts.
fn addresses(module: &[u8]) -> Vec<usize> {
    let (mut begin, mut addresses) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.expect("it is a module") {
            Payload::CodeSectionStart { range, .. } => begin = range.start,
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader().expect("it has instructions");
                while !operators.eof() {
                    addresses.push(operators.original_position() - begin);
                    let _: Operator<'_> = operators.read().expect("it has instructions");
                }
            }
            _ => {}
        }
    }
    addresses
}

#[test]
fn no_instruction_moves() {
    let module = module("i32", "i32");
    let (before, after) =
        (addresses(&module), addresses(&module::in_parts(&module).expect("it is rewritten")));
    let kept: Vec<_> = before.iter().filter(|address| !after.contains(address)).collect();
    assert!(kept.is_empty(), "{kept:?} are no addresses any more");
    assert!(after.len() > before.len());
}

#[test]
fn modules_are_found_in_components_within_components() {
    let text = r#"(component
      (core module (memory 1) (func (param i32) (memory.fill (local.get 0) (i32.const 0) (local.get 0))))
      (component (component
        (core module (memory 1) (func (param i32) (memory.fill (local.get 0) (i32.const 0) (local.get 0)))))))"#;
    let component = wat::parse_str(text).expect("it is a component");
    let parts = in_parts(&component).expect("it is rewritten");
    wasmparser::Validator::new().validate_all(&parts).expect("it is a component");
    let functions: Vec<u32> = Parser::new(0)
        .parse_all(&parts)
        .filter_map(|payload| match payload.expect("it is a component") {
            Payload::CodeSectionStart { count, .. } => Some(count),
            _ => None,
        })
        .collect();
    assert_eq!(functions, [2, 2]);
}

#[test]
fn an_added_function_has_a_name() {
    let text = r#"(module (memory (export "memory") 1) (func $own (export "own") (param i32)
      (memory.fill (local.get 0) (i32.const 0) (local.get 0))))"#;
    let module = wat::parse_str(text).expect("it is a module");
    let mut run = Run::of(&module::in_parts(&module).expect("it is rewritten"));
    let function = run.instance.get_func(&mut run.store, "own").expect("it is exported");
    let trap = function
        .call(&mut run.store, &[wasmtime::Val::I32(-1)], &mut [])
        .expect_err("it goes past the end");
    let trap = format!("{trap:?}");
    assert!(trap.contains("memory.fill in parts") && trap.contains("own"), "{trap}");
}

#[test]
fn what_is_nested_too_deeply_or_moves_memory_in_too_many_ways_is_refused() {
    let deep = format!("{}{}", "(component ".repeat(DEPTH_MAX + 1), ")".repeat(DEPTH_MAX + 1));
    let deep = wat::parse_str(deep).expect("it is a component");
    assert!(in_parts(&deep).expect_err("it is deep").to_string().contains("nested too deeply"));
    let segments = 1_001;
    let mut text = "(module (memory 1) (func (param i32)".to_owned();
    for segment in 0..segments {
        text += &format!("(memory.init {segment} (i32.const 0) (i32.const 0) (local.get 0))");
    }
    text += ")";
    text += &r#"(data "x")"#.repeat(segments);
    text += ")";
    let many = wat::parse_str(text).expect("it is a module");
    let refused = module::in_parts(&many).expect_err("it has many ways");
    assert!(refused.to_string().contains("1000 different ways"), "{refused}");
}

#[test]
fn nothing_that_is_cut_off_or_broken_makes_it_panic() {
    let component = wat::parse_str(
        "(component (core module (memory 1) (func (param i32)
          (memory.fill (local.get 0) (i32.const 0) (local.get 0)))))",
    )
    .expect("it is a component");
    for length in 0..component.len() {
        // What is a whole component as far as it goes, is one.
        let _ = in_parts(&component[..length]);
    }
    for (place, byte) in
        (0..component.len()).flat_map(|place| [0, 1, 0x7f, 0x80, 0xff].map(|byte| (place, byte)))
    {
        let mut broken = component.clone();
        broken[place] = byte;
        let _ = in_parts(&broken);
    }
}
