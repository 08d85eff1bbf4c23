;; Publishes to a topic that is no route of its subscription.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 512) "dead")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    ;; The topic of the message is at 64.
    (i32.store8 (i32.const 64) (i32.const 1))
    (i32.store (i32.const 68) (i32.const 512))
    (i32.store (i32.const 72) (i32.const 4))
    (i32.const 16)))
