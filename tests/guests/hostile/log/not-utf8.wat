;; Logs what is no text.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 512) "\ff\fe")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $log (i32.const 2) (i32.const 512) (i32.const 2) (i32.const 0) (i32.const 0))
    (i32.const 16)))
