;; Says that it exports a handler, and does not.
;;@ include millstream:plugin/consumer@0.1.0;
(module
  ;;+ room
)
