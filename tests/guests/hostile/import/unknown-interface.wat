;; Wants an interface that no host function stands behind.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import acme:db/sql@1.0.0;
(module
  (import "acme:db/sql@1.0.0" "query" (func (param i32 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
