;; Publishes one message with a million empty headers.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 300)))
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    ;; The headers of the message are at 64 + 24.
    (i32.store (i32.const 88) (i32.const 65536))
    (i32.store (i32.const 92) (i32.const 1000000))
    (i32.const 16)))
