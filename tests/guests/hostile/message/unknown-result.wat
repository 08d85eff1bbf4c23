;; Answers neither `ok` nor `err` but a third thing.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store8 (i32.const 16) (i32.const 2))
    (i32.const 16)))
