;; Logs without end.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 512) "still here")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (loop $again
      (call $log (i32.const 2) (i32.const 512) (i32.const 10) (i32.const 0) (i32.const 0))
      (br $again))
    (unreachable)))
