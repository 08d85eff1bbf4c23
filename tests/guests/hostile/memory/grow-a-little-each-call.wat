;; Keeps a megabyte of every call for ever, as a leak does. It fails nobody.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (drop (memory.grow (i32.const 16)))
    (i32.const 16)))
