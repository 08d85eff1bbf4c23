;; Takes the compiler minutes and gigabytes: two thousand variables through twenty thousand loops.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
  (func $bomb (export "bomb") (param i32)
    ;;* 2000
    (local i32)
    ;;* 20000
    (loop (local.set 7 (i32.add (local.get 7) (local.get 9))) (br_if 0 (local.get 0)) (br_if 1 (local.get 3)))
  )
  (func (export "millstream:plugin/message-handler@0.1.0#handle") (type $handle)
    (i32.const 16)))
