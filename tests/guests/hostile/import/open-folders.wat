;; Looks for folders of the host, and traps if it is given any.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:filesystem/preopens@0.2.0;
(module
  (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $folders (param i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $folders (i32.const 512))
    (if (i32.load (i32.const 516)) (then (unreachable)))
    (i32.const 16)))
