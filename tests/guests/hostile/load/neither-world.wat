;; Takes no messages at all.
;;@ export run: func();
(module
  ;;+ room
  (func (export "run")))
