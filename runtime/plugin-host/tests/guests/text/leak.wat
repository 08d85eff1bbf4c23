;; Takes a pollable for each byte of the payload, and gives none back.
(module
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
    (func $subscribe (param i64) (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle")
    (param $id i32) (param $id-len i32) (param $topic i32) (param $topic-len i32)
    (param $has-key i32) (param $key i32) (param $key-len i32)
    (param $headers i32) (param $headers-len i32)
    (param $payload i32) (param $payload-len i32) (param $time i64) (param $attempt i32)
    (result i32)
    (loop $next
      (drop (call $subscribe (i64.const 1)))
      (local.set $payload-len (i32.sub (local.get $payload-len) (i32.const 1)))
      (br_if $next (local.get $payload-len)))
    (i32.const 16)))
