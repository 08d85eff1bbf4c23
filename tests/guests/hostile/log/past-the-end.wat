;; Logs a text that lies beyond its memory.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $log (i32.const 2) (i32.const 65530) (i32.const 100) (i32.const 0) (i32.const 0))
    (i32.const 16)))
