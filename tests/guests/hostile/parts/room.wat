;; What `message-handler.handle` is once it is flat: id, topic, key, headers and payload, then the
;; time of the publish and the attempt; it answers where its result lies.
(type $handle (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
;; Room for the host's arguments: one page, given out from 16 KiB on, and from there again before it
;; ends. What lies below is the guest's; it is zero, which is the answer `ok` without outputs.
(memory (export "memory") 1)
(global $free (mut i32) (i32.const 16384))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (if (i32.gt_u (global.get $free) (i32.const 49152)) (then (global.set $free (i32.const 16384))))
  (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
  (global.get $free)
  (global.set $free (i32.add (global.get $free) (local.get 3))))
