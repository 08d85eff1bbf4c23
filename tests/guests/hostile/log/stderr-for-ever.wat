;; Writes to its standard error without end.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:io/streams@0.2.0;
;;@ import wasi:cli/stderr@0.2.0;
(module
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 512) "still here\0a")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (local $stream i32)
    (local.set $stream (call $stderr))
    (loop $again
      (call $write (local.get $stream) (i32.const 512) (i32.const 11) (i32.const 16))
      (br $again))
    (unreachable)))
