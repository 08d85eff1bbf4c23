;; Calls the host while the host asks it for room.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:clocks/monotonic-clock@0.2.0;
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  (memory (export "memory") 1)
  ;;+ types
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (drop (call $now))
    (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
