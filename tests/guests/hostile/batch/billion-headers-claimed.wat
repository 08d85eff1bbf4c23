;; Claims a billion headers of one message, and sends none of them.
;;@ include millstream:plugin/batch-consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 512) "\00\00\00\00\01\00\00\00\00\00\00\00\00\ca\9a\3b\00\00\00\00\00\00\00\00")
  (func (export "millstream:plugin/batch-handler@0.1.0#handle") (param $batch i32) (result i32)
    ;; One `ok` for each message of the batch.
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load offset=108 (local.get $batch)))
    ;; `starts` 0, 1 of the messages; 0, 1,000,000,000 of the headers.
    (i32.store (i32.const 48) (i32.const 512))
    (i32.store (i32.const 52) (i32.const 2))
    (i32.store (i32.const 88) (i32.const 520))
    (i32.store (i32.const 92) (i32.const 2))
    (i32.store (i32.const 128) (i32.const 528))
    (i32.store (i32.const 132) (i32.const 2))
    (i32.store (i32.const 136) (i32.const 1024))
    (i32.store (i32.const 140) (i32.const 0))
    (i32.const 16)))
