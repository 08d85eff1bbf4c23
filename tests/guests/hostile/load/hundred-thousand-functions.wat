;; Has a hundred thousand functions, most of which nobody calls.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  ;;* 100000
  (func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
