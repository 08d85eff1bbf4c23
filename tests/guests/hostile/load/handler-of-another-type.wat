;; Claims the handler of the contract, but takes and gives something else.
;;@ package millstream:plugin@0.1.0;
;;@ interface message-handler { handle: func(message: u32) -> u32; }
;;@ world guest { export message-handler; }
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (param i32) (result i32)
    (local.get 0)))
