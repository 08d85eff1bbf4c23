;; Takes memory, and writes to it, until it gets no more; then gives up.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (local $at i32)
    (loop $again
      (local.set $at (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $at) (i32.const -1)) (then (unreachable)))
      (i32.store (i32.mul (local.get $at) (i32.const 65536)) (i32.const 1))
      (br $again))
    (unreachable)))
