;; Connects to this machine by a socket of its own, and traps unless that is denied.
;;@ include millstream:plugin/consumer@0.1.0;
;;@ import wasi:sockets/instance-network@0.2.0;
;;@ import wasi:sockets/tcp@0.2.0;
;;@ import wasi:sockets/tcp-create-socket@0.2.0;
(module
  (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $create (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect" (func $connect
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  ;;+ room
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (call $create (i32.const 0) (i32.const 512))
    ;; To 127.0.0.1, port 80, if there is a socket at all.
    (if (i32.eqz (i32.load8_u (i32.const 512)))
      (then
        (call $connect (i32.load (i32.const 516)) (call $network) (i32.const 0) (i32.const 80)
          (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 520))
        (if (i32.ne (i32.load16_u (i32.const 520)) (i32.const 0x0101)) (then (unreachable)))))
    (i32.const 16)))
