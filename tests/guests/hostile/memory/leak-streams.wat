;; Opens its standard output over and over and closes it never.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:cli/stdout@0.2.0;
(module
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (loop $again (drop (call $stdout)) (br $again))
    (unreachable)))
