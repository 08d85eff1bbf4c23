;; Publishes one message of forty megabytes.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 700)))
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    ;; The payload of the message is at 64 + 32.
    (i32.store (i32.const 96) (i32.const 65536))
    (i32.store (i32.const 100) (i32.const 41943040))
    (i32.const 16)))
