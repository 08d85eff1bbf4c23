;; Publishes a message of two megabytes to a topic that takes one.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 64)))
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    (i32.store (i32.const 96) (i32.const 65536))
    (i32.store (i32.const 100) (i32.const 2097152))
    (i32.const 16)))
