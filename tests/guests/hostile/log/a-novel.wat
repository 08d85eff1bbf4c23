;; Logs one record of thirty megabytes.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 500)))
    (memory.fill (i32.const 65536) (i32.const 0x6e) (i32.const 30000000))
    (call $log (i32.const 2) (i32.const 65536) (i32.const 30000000) (i32.const 0) (i32.const 0))
    (i32.const 16)))
