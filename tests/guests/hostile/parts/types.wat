;; What `message-handler.handle` is once it is flat: id, topic, key, headers and payload, then the
;; time of the publish and the attempt; it answers where its result lies.
(type $handle (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
