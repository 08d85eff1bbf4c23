;; Answers with an outcome that does not exist.
;;@ include millstream:plugin/batch-consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/batch-handler@0.1.0#handle") (param $batch i32) (result i32)
    ;; One `ok` for each message of the batch.
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load offset=108 (local.get $batch)))
    (i32.store8 (i32.const 4096) (i32.const 3))
    (i32.const 16)))
