// A reader in Go: joins with an answer of the token endpoint, which is the first line of standard input. Each further line is said
// in the chat; at the end the reader leaves. What happens comes as lines of JSON on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
)

var (
	mutex sync.Mutex
	out   = json.NewEncoder(os.Stdout)
)

func tell(event map[string]string) {
	mutex.Lock()
	defer mutex.Unlock()
	_ = out.Encode(event)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	var answer struct {
		ServerURL        string `json:"server_url"`
		ParticipantToken string `json:"participant_token"`
	}
	lines.Scan()
	if err := json.Unmarshal(lines.Bytes(), &answer); err != nil {
		panic(err)
	}
	room, err := lksdk.ConnectToRoomWithToken(answer.ServerURL, answer.ParticipantToken, &lksdk.RoomCallback{
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, from *lksdk.RemoteParticipant) {
				tell(map[string]string{"event": "track", "kind": track.Kind().String(), "name": from.Name()})
			},
		},
	})
	if err != nil {
		panic(err)
	}
	err = room.RegisterTextStreamHandler("lk.chat", func(reader *lksdk.TextStreamReader, identity string) {
		go func() {
			tell(map[string]string{"event": "message", "name": room.GetParticipantByIdentity(identity).Name(), "text": reader.ReadAll()})
		}()
	})
	if err != nil {
		panic(err)
	}
	tell(map[string]string{"event": "joined", "room": room.Name(), "name": room.LocalParticipant.Name()})
	for lines.Scan() {
		room.LocalParticipant.SendText(lines.Text(), lksdk.StreamTextOptions{Topic: "lk.chat"})
	}
	room.Disconnect()
}
