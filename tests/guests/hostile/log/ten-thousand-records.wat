;; Logs ten thousand records about one message.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  (import "millstream:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 512) "chatter")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (local $left i32)
    (local.set $left (i32.const 10000))
    (loop $again
      (call $log (i32.const 2) (i32.const 512) (i32.const 7) (i32.const 0) (i32.const 0))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 16)))
