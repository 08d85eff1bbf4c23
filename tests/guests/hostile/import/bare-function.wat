;; Wants a function of no interface at all.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import launch: func();
(module
  (import "$root" "launch" (func))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
