;; Declares a table of ten million places.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (table 9000000 funcref)
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
