;; Wants to keep state, which nobody granted.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:keyvalue/store@0.2.0-draft;
(module
  (import "wasi:keyvalue/store@0.2.0-draft" "open" (func (param i32 i32 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
