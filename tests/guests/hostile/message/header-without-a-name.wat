;; Publishes a message with a header that is called nothing.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 512) "namethe value is")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.store (i32.const 20) (i32.const 64))
    (i32.store (i32.const 24) (i32.const 1))
    ;; The headers of the message are at 64 + 24; the one header at 600: name and value.
    (i32.store (i32.const 88) (i32.const 600))
    (i32.store (i32.const 92) (i32.const 1))
    (i32.store (i32.const 600) (i32.const 512))
    (i32.store (i32.const 604) (i32.const 0))
    (i32.store (i32.const 608) (i32.const 516))
    (i32.store (i32.const 612) (i32.const 12))
    (i32.const 16)))
