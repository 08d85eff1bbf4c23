;; Brings eight megabytes of data, none of which it uses.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  ;;* 8
  (data "(a MiB)")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
