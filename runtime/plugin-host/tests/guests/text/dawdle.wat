;; Waits in the host: a millisecond for each byte of the payload.
(module
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
    (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle")
    (param $id i32) (param $id-len i32) (param $topic i32) (param $topic-len i32)
    (param $has-key i32) (param $key i32) (param $key-len i32)
    (param $headers i32) (param $headers-len i32)
    (param $payload i32) (param $payload-len i32) (param $time i64) (param $attempt i32)
    (result i32)
    (local $pollable i32)
    (local.set $pollable (call $subscribe
      (i64.mul (i64.extend_i32_u (local.get $payload-len)) (i64.const 1000000))))
    (call $block (local.get $pollable))
    (call $drop (local.get $pollable))
    (i32.const 16)))
