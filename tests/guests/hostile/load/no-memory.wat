;; Exports no memory that the host could write its arguments to.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ types
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (unreachable)))
