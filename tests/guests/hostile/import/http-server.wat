;; Wants to be called by other hosts.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:http/incoming-handler@0.2.0;
(module
  (import "wasi:http/incoming-handler@0.2.0" "handle" (func (param i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
