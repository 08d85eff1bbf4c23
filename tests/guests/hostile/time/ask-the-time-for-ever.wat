;; Calls the host in a loop that never ends, each call short.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:clocks/monotonic-clock@0.2.0;
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (loop $again (drop (call $now)) (br $again))
    (unreachable)))
