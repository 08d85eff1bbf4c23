;; Asks for eight exbibytes of random numbers at once.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:random/random@0.2.0;
(module
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
  (memory (export "memory") 32)
  ;;+ types
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $random (i64.const 0x7fffffffffffffff) (i32.const 16))
    (i32.const 16)))
