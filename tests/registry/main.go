// A registry for tests: in memory, on a free port of this machine. Its address is the one line that it
// prints; it ends when its stdin does, as it does when the test process is gone.
package main

import (
	"crypto/subtle"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	user := flag.String("user", "", "who may come in; empty: everybody")
	password := flag.String("password", "", "the user's password")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if *user != "" {
		handler = only(*user, *password, handler)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// only lets one user in.
func only(user, password string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, given, _ := r.BasicAuth()
		same := subtle.ConstantTimeCompare([]byte(name+":"+given), []byte(user+":"+password))
		if same != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="tests"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
