;; Gives the host the same room for everything, so that each argument lies over the other; then
;; answers with what lies there.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (memory (export "memory") 1)
  ;;+ types
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
