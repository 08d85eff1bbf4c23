;; Publishes a thousand messages whose payloads are the same megabyte of its memory: little for it, a
;; gigabyte for who copies.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (local $at i32)
    (drop (memory.grow (i32.const 32)))
    (i32.store (i32.const 20) (i32.const 65536))
    (i32.store (i32.const 24) (i32.const 1000))
    (local.set $at (i32.const 65536))
    (loop $again
      (i32.store offset=32 (local.get $at) (i32.const 131072))
      (i32.store offset=36 (local.get $at) (i32.const 1048576))
      (local.set $at (i32.add (local.get $at) (i32.const 48)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 113536))))
    (i32.const 16)))
