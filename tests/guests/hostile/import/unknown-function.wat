;; Wants a function that is not in the interface it names.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:random/insecure@0.2.0;
(module
  (import "wasi:random/insecure@0.2.0" "roll-dice" (func (result i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
