;; Answers, and traps in the function that frees the answer.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16))
  (func (export "cabi_post_millstream:plugin/message-handler@0.1.0#handle") (param i32)
    (unreachable)))
