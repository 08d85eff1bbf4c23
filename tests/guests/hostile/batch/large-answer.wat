;; Publishes forty megabytes for one message.
;;@ include millstream:plugin/batch-consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 512) "\00\00\00\00\01\00\00\00\00\00\00\00\00\00\80\02")
  (func (export "millstream:plugin/batch-handler@0.1.0#handle") (param $batch i32) (result i32)
    ;; One `ok` for each message of the batch.
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load offset=108 (local.get $batch)))
    ;; `starts` 0, 1.
    (drop (memory.grow (i32.const 700)))
    (i32.store (i32.const 48) (i32.const 512))
    (i32.store (i32.const 52) (i32.const 2))
    (i32.store (i32.const 128) (i32.const 520))
    (i32.store (i32.const 132) (i32.const 2))
    (i32.store (i32.const 136) (i32.const 65536))
    (i32.store (i32.const 140) (i32.const 41943040))
    (i32.const 16)))
