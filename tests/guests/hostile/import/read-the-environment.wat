;; Looks for variables, arguments and a folder of the host, and traps if it finds any.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:cli/environment@0.2.0;
(module
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/environment@0.2.0" "initial-cwd" (func $folder (param i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $environment (i32.const 512))
    (if (i32.load (i32.const 516)) (then (unreachable)))
    (call $arguments (i32.const 512))
    (if (i32.load (i32.const 516)) (then (unreachable)))
    (call $folder (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then (unreachable)))
    (i32.const 16)))
