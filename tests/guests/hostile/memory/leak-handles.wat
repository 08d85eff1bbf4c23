;; Asks the host for one thing after the other and gives none of it back.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:io/poll@0.2.0;
;;@ import wasi:clocks/monotonic-clock@0.2.0;
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
    (func $subscribe (param i64) (result i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (loop $again (drop (call $subscribe (i64.const 0))) (br $again))
    (unreachable)))
