#!/usr/bin/env bash
# The management page in a real browser, against a gateway and a Mosquitto of its own: what it does, what it costs with
# ten thousand charge points, and its pictures for the documents.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

usage() {
    cat <<'USAGE'
Usage: ./deploy/test-page.sh [--many [COUNT] | --screenshots] [--no-build]

Starts the gateway beside a Mosquitto on free ports of 127.0.0.1 and drives Debian's chromium. Run ./deploy/test.sh once
before: it prepares the Python environment that the charge points run in.

  (nothing)        does what an operator does, as the tests do
  --many [COUNT]   holds COUNT charge points (10000) and measures the list, the search, and what the open page costs
                   the gateway; builds for release
  --screenshots    rewrites the pictures in docs/
  --no-build       takes what was built last
USAGE
}

task=page.py build=true count=10000 configuration=debug
while (($# > 0)); do
    case $1 in
        --help | -h) usage && exit 0 ;;
        --screenshots) task=page_screenshots.py ;;
        --no-build) build=false ;;
        --many)
            task=page_many.py configuration=release
            if [[ ${2-} =~ ^[0-9]+$ ]]; then count=$2 && shift; fi
            ;;
        *) fail "unknown argument: $1 (see --help)" ;;
    esac
    shift
done
need_swift
install_packages "${build_packages[@]}" chromium chromium-driver curl python3
install_servers mosquitto
[[ -x .build/python/bin/python ]] || fail "run ./deploy/test.sh first: .build/python is missing"
if $build; then
    swift_build -c "$configuration" --product ocpp-gateway
    case $task in
        page_many.py) swift_build -c release --product ocpp-load ;;
        page_screenshots.py) swift_build --product charge-point-simulator ;;
    esac
fi
bin=$(swift build -c "$configuration" --show-bin-path)
ulimit -n "$(ulimit -Hn)"

folder=$(mktemp -d)
pids=()
# shellcheck disable=SC2317 # called by a trap
clean_up() {
    if ((${#pids[@]} > 0)); then kill -KILL "${pids[@]}" 2>/dev/null || true; fi
    wait 2>/dev/null
    rm -rf "$folder"
}
trap clean_up EXIT

# Below those that the system gives to outgoing connections.
free_port() {
    python3 - <<'PYTHON'
import random, socket
while True:
    port = random.randrange(10000, 32000)
    with socket.socket() as server:
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
PYTHON
}

# await PROCESS NAME COMMAND...: until the command succeeds.
await() {
    local process=$1 name=$2 tries
    shift 2
    for ((tries = 0; tries < 1200; tries++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        kill -0 "$process" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$folder"/*.log >&2
    fail "$name does not start"
}

broker=$(free_port) charge_points=$(free_port) second=$(free_port) management=$(free_port)
api=http://127.0.0.1:$management
printf 'listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n' "$broker" >"$folder/mosquitto.conf"
PATH=$PATH:/usr/sbin mosquitto -c "$folder/mosquitto.conf" >"$folder/mosquitto.log" 2>&1 &
pids+=("$!")
echo "viewer:viewers-secret:viewer" >"$folder/keys"
env BROKER_URL="mqtt://127.0.0.1:$broker" LISTENERS=ws:default,ws:second MESSAGE_FORMAT_CHECKING=all \
    LISTENERS_WS_DEFAULT_BIND="127.0.0.1:$charge_points" LISTENERS_WS_DEFAULT_ENABLE_AUTHN=false \
    LISTENERS_WS_DEFAULT_MAX_CONN_RATE=1000000 LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL=300s \
    LISTENERS_WS_SECOND_BIND="127.0.0.1:$second" MANAGEMENT_BIND="127.0.0.1:$management" MANAGEMENT_API_KEY=ops \
    MANAGEMENT_API_SECRET=operators-secret MANAGEMENT_API_KEYS_FILE="$folder/keys" DATA_DIR="$folder/data" \
    AUTHENTICATION_BACKEND=built_in_database BROKER_CLIENT_ID=gw1 LOG_LEVEL=warning SHUTDOWN_DRAIN_TIME=1s \
    "$bin/ocpp-gateway" >"$folder/gateway.log" 2>&1 &
gateway=$!
pids+=("$gateway")
await "$gateway" "the gateway" curl -sf "$api/readyz"

arguments=(--url "$api/" --key ops --secret operators-secret)
# shellcheck disable=SC2317 # called by await
all_are_there() {
    curl -sf -u ops:operators-secret "$api/api/v5/gateways/ocpp/clients?limit=1" | grep -q "\"count\":$count,"
}
case $task in
    page.py)
        arguments+=(--ws "ws://127.0.0.1:$charge_points" --second "ws://127.0.0.1:$second" --viewer-key viewer
            --viewer-secret viewers-secret)
        ;;
    page_screenshots.py)
        "$bin/charge-point-simulator" central-system --broker "mqtt://127.0.0.1:$broker" --commands-per-minute 0 \
            --quiet >"$folder/central-system.log" 2>&1 </dev/null &
        pids+=("$!")
        arguments+=(--ws "ws://127.0.0.1:$charge_points" --second "ws://127.0.0.1:$second" --folder docs)
        ;;
    page_many.py)
        "$bin/ocpp-load" idle --url "ws://127.0.0.1:$charge_points/ocpp" --broker "mqtt://127.0.0.1:$broker" \
            --prefix IDLE --count "$count" --sources 8 --duration 3600 --quiet >"$folder/load.log" 2>&1 </dev/null &
        pids+=("$!")
        await "$!" "$count charge points" all_are_there
        say "Load average of this machine now: $(cut -d ' ' -f 1-3 /proc/loadavg) (the figures want it below 1)"
        arguments+=(--gateway-pid "$gateway" --count "$count")
        ;;
esac
.build/python/bin/python -B "Tests/IntegrationTests/Resources/$task" "${arguments[@]}" || {
    tail -n 20 "$folder/gateway.log"
    fail "the page does NOT do what it should"
}
