;; Publishes a message whose key is as long as a payload may be.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 32)))
    (memory.fill (i32.const 65536) (i32.const 0x6b) (i32.const 1048576))
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    (i32.store8 (i32.const 76) (i32.const 1))
    (i32.store (i32.const 80) (i32.const 65536))
    (i32.store (i32.const 84) (i32.const 1048576))
    (i32.const 16)))
