;; Ends the process, or would, if it were one, and says that all is well.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:cli/exit@0.2.0;
(module
  (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $exit (i32.const 0))
    (i32.const 16)))
