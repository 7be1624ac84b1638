// Answers on /rtc/validate as LiveKit's newest server does: its own `protocol` module verifies the token, then come the server's
// checks of a connection, in its order. The server itself can't be installed with `go install` since 1.13.6.
// Arguments: the API key and the secret. Prints its URL when it listens.
package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/livekit/protocol/auth"
)

func check(token, key, secret string) (int, error) {
	verifier, err := auth.ParseAPIToken(token)
	if err != nil {
		return 401, errors.New("invalid authorization token")
	}
	if verifier.APIKey() != key {
		return 401, errors.New("invalid API key")
	}
	_, claims, err := verifier.Verify(secret)
	switch {
	case err != nil:
		return 401, fmt.Errorf("invalid authorization token: %w", err)
	case claims.Video == nil:
		return 401, errors.New("no permissions to access the room")
	case !claims.Video.RoomJoin:
		return 401, errors.New("permissions denied")
	case claims.Identity == "":
		return 400, errors.New("identity cannot be empty")
	case len(claims.Identity) > 256:
		return 400, errors.New("participant identity length exceeds limits: max length 256")
	case claims.Video.Room == "":
		return 400, errors.New("no room name")
	case len(claims.Video.Room) > 256:
		return 400, errors.New("room name length exceeds limits: max length 256")
	}
	return 200, errors.New("success")
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, reason := check(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), os.Args[1], os.Args[2])
		w.WriteHeader(status)
		_, _ = w.Write([]byte(reason.Error()))
	})))
}
