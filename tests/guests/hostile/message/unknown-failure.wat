;; Fails neither by `retry` nor by `reject` but in a third way.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store8 (i32.const 16) (i32.const 1))
    (i32.store8 (i32.const 20) (i32.const 255))
    (i32.const 16)))
