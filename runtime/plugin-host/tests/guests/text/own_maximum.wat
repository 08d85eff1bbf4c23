;; Asks for more memory than it declares for itself, and traps when it does not get it.
(module
  (memory (export "memory") 1 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "millstream:plugin/message-handler@0.1.0#handle")
    (param $id i32) (param $id-len i32) (param $topic i32) (param $topic-len i32)
    (param $has-key i32) (param $key i32) (param $key-len i32)
    (param $headers i32) (param $headers-len i32)
    (param $payload i32) (param $payload-len i32) (param $time i64) (param $attempt i32)
    (result i32)
    (if (i32.eq (i32.const -1) (memory.grow (i32.const 5))) (then unreachable))
    (i32.const 16)))
