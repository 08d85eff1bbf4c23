;; Claims to publish as many messages as a number can say.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const -1))
    (i32.const 16)))
