;; Logs a text that ends its line, begins one that looks like the host's, and paints the terminal.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 512) "over\0aERROR host: pipeline stopped\1b[2J")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $log (i32.const 4) (i32.const 512) (i32.const 39) (i32.const 0) (i32.const 0))
    (i32.const 16)))
