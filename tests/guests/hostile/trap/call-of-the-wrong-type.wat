;; Calls through a table a function of another type.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (table funcref (elem $other))
  (func $other (param i64))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call_indirect (result i32) (i32.const 0))))
