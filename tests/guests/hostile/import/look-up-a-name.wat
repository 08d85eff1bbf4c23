;; Asks the host's name service, and traps unless that is denied.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:sockets/instance-network@0.2.0;
;;@ import wasi:sockets/ip-name-lookup@0.2.0;
(module
  (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses"
    (func $resolve (param i32 i32 i32 i32)))
  ;;+ room
  (data (i32.const 600) "localhost")
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $resolve (call $network) (i32.const 600) (i32.const 9) (i32.const 512))
    (if (i32.eqz (i32.load8_u (i32.const 512))) (then (unreachable)))
    (i32.const 16)))
