;; Refuses its configuration with a reason that is no text.
;;@ include millstream:plugin/configurable-consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 512) "\ff")
  (func (export "millstream:plugin/lifecycle@0.1.0#configure") (param i32 i32) (result i32)
    (i32.store8 (i32.const 16) (i32.const 1))
    (i32.store (i32.const 20) (i32.const 512))
    (i32.store (i32.const 24) (i32.const 1))
    (i32.const 16))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 32)))
