;; Waits in the host, where the guest's clock does not tick.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:io/poll@0.2.0;
;;@ import wasi:clocks/monotonic-clock@0.2.0;
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
    (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $block (call $subscribe (i64.const 3600000000000)))
    (i32.const 16)))
