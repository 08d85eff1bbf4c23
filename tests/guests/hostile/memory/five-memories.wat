;; Has five memories where one is enough, so that none of them looks large.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (memory $b 16)
  (memory $c 16)
  (memory $d 16)
  (memory $e 16)
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
