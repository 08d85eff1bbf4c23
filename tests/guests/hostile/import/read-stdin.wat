;; Reads the host's standard input, and traps if anything is in it.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:io/streams@0.2.0;
;;@ import wasi:cli/stdin@0.2.0;
(module
  (import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $read (call $stdin) (i64.const 100) (i32.const 512))
    ;; `err` is the end of the stream; `ok` with bytes is a leak.
    (if (i32.eqz (i32.load8_u (i32.const 512)))
      (then (if (i32.load (i32.const 520)) (then (unreachable)))))
    (i32.const 16)))
