;; Waits in the host for what is ready already, over and over.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:io/poll@0.2.0;
;;@ import wasi:clocks/monotonic-clock@0.2.0;
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
    (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop (param i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (local $ready i32)
    (loop $again
      (local.set $ready (call $subscribe (i64.const 0)))
      (call $block (local.get $ready))
      (call $drop (local.get $ready))
      (br $again))
    (unreachable)))
