;; Traps in its start function.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func $start (unreachable))
  (start $start)
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
