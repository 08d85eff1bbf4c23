;; Handles two messages and traps at every third.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (global $calls (mut i32) (i32.const 0))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.eq (global.get $calls) (i32.const 3)) (then (unreachable)))
    (i32.const 16)))
