;; Takes places in a table until it gets no more; then gives up.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (table $places 1 funcref)
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (loop $again
      (if (i32.eq (table.grow $places (ref.null func) (i32.const 1000)) (i32.const -1))
        (then (unreachable)))
      (br $again))
    (unreachable)))
