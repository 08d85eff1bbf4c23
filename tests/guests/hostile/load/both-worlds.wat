;; Takes messages in both ways.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ export millstream:plugin/batch-handler@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16))
  (func (export "millstream:plugin/batch-handler@0.1.0#handle") (param $batch i32) (result i32)
    (i32.const 16)))
