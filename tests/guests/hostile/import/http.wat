;; Wants to call other hosts, which nobody granted.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:http/outgoing-handler@0.2.0;
(module
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func (param i32 i32 i32 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
