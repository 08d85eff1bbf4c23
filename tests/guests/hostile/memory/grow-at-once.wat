;; Asks for four gigabytes at once, and takes it badly that it gets none.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (if (i32.eq (memory.grow (i32.const 65000)) (i32.const -1)) (then (unreachable)))
    (i32.const 16)))
