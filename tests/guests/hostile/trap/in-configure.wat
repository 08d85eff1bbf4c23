;; Traps when it sees its configuration.
;;@ include millstream:plugin/configurable-consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/lifecycle@0.1.0#configure") (param i32 i32) (result i32)
    (unreachable))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
