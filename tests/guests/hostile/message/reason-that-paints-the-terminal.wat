;; Rejects with a reason that clears the reader's screen and forges a line of its own.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 512) "\1b[2J\1b[1;1Hbad\0d\0a0 dead letters")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store8 (i32.const 16) (i32.const 1))
    (i32.store8 (i32.const 20) (i32.const 1))
    (i32.store (i32.const 24) (i32.const 512))
    (i32.store (i32.const 28) (i32.const 29))
    (i32.const 16)))
