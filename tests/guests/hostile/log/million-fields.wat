;; Logs one record with a million fields.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 512) "fields")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 300)))
    (call $log (i32.const 2) (i32.const 512) (i32.const 6) (i32.const 65536) (i32.const 1000000))
    (i32.const 16)))
