;; Publishes a thousand empty messages for each byte of the payload. If it begins with an h: one
;; message with a thousand empty headers for each byte.
(module
  (memory (export "memory") 1000)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle")
    (param $id i32) (param $id-len i32) (param $topic i32) (param $topic-len i32)
    (param $has-key i32) (param $key i32) (param $key-len i32)
    (param $headers i32) (param $headers-len i32)
    (param $payload i32) (param $payload-len i32) (param $time i64) (param $attempt i32)
    (result i32)
    (local $count i32)
    (local.set $count (i32.mul (local.get $payload-len) (i32.const 1000)))
    ;; The result: the list at 65536.
    (i32.store (i32.const 20) (i32.const 65536))
    (i32.store (i32.const 24) (local.get $count))
    (if (i32.eq (i32.load8_u (local.get $payload)) (i32.const 104)) (then
      (i32.store (i32.const 24) (i32.const 1))
      (i32.store (i32.const 65560) (i32.const 131072))
      (i32.store (i32.const 65564) (local.get $count))))
    (i32.const 16)))
