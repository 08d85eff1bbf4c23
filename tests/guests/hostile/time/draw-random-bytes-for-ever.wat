;; Draws random bytes, as many at once as it may, without end.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:random/random@0.2.0;
(module
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
  (memory (export "memory") 32)
  ;;+ types
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (loop $again (call $random (i64.const 1048576) (i32.const 16)) (br $again))
    (unreachable)))
