;; Calls itself without end while the host asks it for room.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (memory (export "memory") 1)
  ;;+ types
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.add (call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)) (i32.const 8)))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
