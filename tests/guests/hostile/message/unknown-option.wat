;; Publishes a message whose key neither is there nor is not.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    ;; One message at 64; the tag of its key is at 64 + 12.
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    (i32.store8 (i32.const 76) (i32.const 7))
    (i32.const 16)))
