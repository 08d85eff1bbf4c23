;; Moves all of its memory by one byte in one instruction, over and over.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (local $last i32)
    (drop (memory.grow (i32.const 200)))
    (local.set $last (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)))
    (loop $again
      (memory.copy (i32.const 1) (i32.const 0) (local.get $last))
      (br $again))
    (unreachable)))
