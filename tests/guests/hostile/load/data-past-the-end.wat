;; Wants data written beyond the end of its memory when it starts.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (data (i32.const 65530) "beyond the end")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
