;; Rejects with a reason of three megabytes.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 60)))
    (memory.fill (i32.const 65536) (i32.const 0x6e) (i32.const 3000000))
    (i32.store8 (i32.const 16) (i32.const 1))
    (i32.store8 (i32.const 20) (i32.const 1))
    (i32.store (i32.const 24) (i32.const 65536))
    (i32.store (i32.const 28) (i32.const 3000000))
    (i32.const 16)))
