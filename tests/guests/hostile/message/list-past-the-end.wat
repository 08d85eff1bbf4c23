;; Publishes messages that lie beyond the end of its memory.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store (i32.const 20) (i32.const 0x7ffffff0))
    (i32.store (i32.const 24) (i32.const 10))
    (i32.const 16)))
