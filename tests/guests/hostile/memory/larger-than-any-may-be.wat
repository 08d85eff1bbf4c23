;; Declares a memory of nearly four gigabytes.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (memory (export "memory") 60000)
  ;;+ types
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
