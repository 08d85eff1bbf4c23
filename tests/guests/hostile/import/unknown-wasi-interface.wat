;; Wants an interface of WASI that there is none of.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:random/dice@0.2.0;
(module
  (import "wasi:random/dice@0.2.0" "roll" (func (result i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
