;; Calls itself without end.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func $deeper (param i64) (result i64)
    (i64.add (call $deeper (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (call $deeper (i64.const 0)))
    (i32.const 16)))
