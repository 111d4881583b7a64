// The same bare relay as bench-relay.c, as one would write it in Go with the libraries that everybody takes: what somebody
// without a gateway would have. It checks, limits, counts, times and takes over nothing, and is for a bench's own clients
// only. deploy/bench.sh measures it where Go and both libraries are installed (Debian: golang-go,
// golang-github-gorilla-websocket-dev, golang-github-eclipse-paho.mqtt.golang-dev).
//
//	bench-relay-go PORT BROKER-PORT QOS
package main

import (
	"bytes"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
)

const up, down, path = "ocpp/cp/", "ocpp/cs/", "/ocpp/"

// [2,"ID","ACTION",PAYLOAD] becomes {"MessageTypeId":2,"UniqueId":"ID","Action":"ACTION","Payload":PAYLOAD}.
func relayUp(text []byte) []byte {
	parts := bytes.SplitN(text, []byte{'"'}, 5)
	if len(parts) < 5 || len(parts[4]) < 2 {
		return nil
	}
	out := make([]byte, 0, len(text)+64)
	out = append(out, `{"MessageTypeId":2,"UniqueId":"`...)
	out = append(out, parts[1]...)
	out = append(out, `","Action":"`...)
	out = append(out, parts[3]...)
	out = append(out, `","Payload":`...)
	out = append(out, parts[4][1:len(parts[4])-1]...)
	return append(out, '}')
}

// {"MessageTypeId":3,"UniqueId":"ID","Payload":PAYLOAD} becomes [3,"ID",PAYLOAD].
func relayDown(text []byte) []byte {
	const idKey, payloadKey = `"UniqueId":"`, `"Payload":`
	id, payload := bytes.Index(text, []byte(idKey)), bytes.Index(text, []byte(payloadKey))
	if id < 0 || payload < 0 {
		return nil
	}
	id += len(idKey)
	length := bytes.IndexByte(text[id:], '"')
	if length < 0 {
		return nil
	}
	out := make([]byte, 0, len(text))
	out = append(out, `[3,"`...)
	out = append(out, text[id:id+length]...)
	out = append(out, `",`...)
	out = append(out, text[payload+len(payloadKey):len(text)-1]...)
	return append(out, ']')
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: bench-relay-go PORT BROKER-PORT QOS")
	}
	qos := os.Args[3][0] - '0'

	// The library looks through all subscriptions for each message: with one handler for all it has none to look through.
	var chargePoints sync.Map
	options := mqtt.NewClientOptions().AddBroker("tcp://127.0.0.1:" + os.Args[2])
	options.SetClientID(fmt.Sprintf("bench-relay-go-%d", os.Getpid())).SetKeepAlive(5 * time.Minute)
	options.SetDefaultPublishHandler(func(_ mqtt.Client, message mqtt.Message) {
		out, found := chargePoints.Load(message.Topic())
		if text := relayDown(message.Payload()); found && text != nil {
			out.(chan []byte) <- text
		}
	})
	broker := mqtt.NewClient(options)
	if token := broker.Connect(); token.Wait() && token.Error() != nil {
		log.Fatal(token.Error())
	}

	upgrader := websocket.Upgrader{
		Subprotocols: []string{"ocpp1.6"}, CheckOrigin: func(*http.Request) bool { return true },
	}
	http.HandleFunc(path, func(response http.ResponseWriter, request *http.Request) {
		socket, err := upgrader.Upgrade(response, request, nil)
		if err != nil {
			return
		}
		identity := strings.TrimPrefix(request.URL.Path, path)
		out := make(chan []byte, 64)
		chargePoints.Store(down+identity, out)
		broker.Subscribe(down+identity, qos, nil).Wait()
		go func() {
			for text := range out {
				_ = socket.WriteMessage(websocket.TextMessage, text)
			}
		}()
		for {
			_, text, err := socket.ReadMessage()
			if err != nil {
				// Whoever is measured next has charge points of the same identities. The channel stays, as they do.
				broker.Unsubscribe(down + identity)
				return
			}
			if text = relayUp(text); text != nil {
				broker.Publish(up+identity, qos, false, text)
			}
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
