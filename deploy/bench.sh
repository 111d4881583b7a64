#!/usr/bin/env bash
# Measures the gateway against its budget, beside its own floors, and rewrites the tables of docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

usage() {
    cat <<'USAGE'
Usage: ./deploy/bench.sh [--quick] [--keep] [--no-build] [SECTION...]

Builds the gateway and its load generator (release), starts a Mosquitto and gateways of its own on free ports of
127.0.0.1, measures, and rewrites the tables and plots of docs/benchmarks.md. The whole takes about a quarter of an hour.

  --quick     two minutes: fewer sessions, shorter and single runs; docs/benchmarks.md is left alone
  --keep      leave docs/benchmarks.md alone, print the tables only
  --no-build  measure what was built last

Sections: cost latency storm idle churn size sessions connections; all without any. A run of some sections leaves the
figures of the others as they were measured last (in .build/bench).
USAGE
}

quick=false keep=false build=true
sections=()
while (($# > 0)); do
    case $1 in
        --help | -h) usage && exit 0 ;;
        --quick) quick=true keep=true ;;
        --keep) keep=true ;;
        --no-build) build=false ;;
        cost | latency | storm | idle | churn | size | sessions | connections) sections+=("$1") ;;
        *) fail "unknown argument: $1 (see --help)" ;;
    esac
    shift
done
if ((${#sections[@]} == 0)); then
    sections=(cost latency storm idle churn size sessions connections)
fi

repeats=3 seconds=5 many=10000 rounds=10 ping=20 few=(1000 5000 19000) sizes=(100 1024 32768 262144) results=.build/bench
if $quick; then
    repeats=1 seconds=2 many=2000 rounds=3 ping=5 few=(1000 3000) sizes=(100 32768) results=.build/bench-quick
fi

need_swift
install_packages "${build_packages[@]}" python3
install_servers mosquitto
if $build; then
    say "Building (release)"
    swift build -c release --product ocpp-gateway
    swift build -c release --product charge-point-simulator
fi
bin=$(swift build -c release --show-bin-path)
ulimit -n "$(ulimit -Hn)"
mkdir -p "$results"

# MARK: Servers

pids=()
# shellcheck disable=SC2317 # called by a trap
stop_all() {
    local pid
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
}
trap stop_all EXIT

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

await_port() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        kill -0 "$2" 2>/dev/null || break
        sleep 0.05
    done
    fail "$3 does not listen on port $1"
}

start_mosquitto() {
    broker_port=$(free_port)
    cat >"$results/mosquitto.conf" <<CONFIGURATION
listener $broker_port 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 0
log_dest stderr
log_type error
log_type warning
CONFIGURATION
    "$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto)" -c "$results/mosquitto.conf" </dev/null &
    broker_pid=$!
    pids+=("$broker_pid")
    await_port "$broker_port" "$broker_pid" Mosquitto
}

# start_gateway [SETTING=VALUE...]: gateway_pid and gateway_url are then its own.
start_gateway() {
    local port
    port=$(free_port)
    env BROKER_URL="mqtt://127.0.0.1:$broker_port" BROKER_CLIENT_ID="bench-$port" \
        LISTENERS_WS_DEFAULT_BIND="127.0.0.1:$port" LISTENERS_WS_DEFAULT_MAX_CONN_RATE=1000000 \
        DEFAULT_HEARTBEAT_INTERVAL=300s LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL=300s \
        LOG_LEVEL=warning MANAGEMENT_BIND= SHUTDOWN_DRAIN_TIME=1s "$@" \
        "$bin/ocpp-gateway" </dev/null 2>>"$results/gateway.log" >&2 &
    gateway_pid=$!
    gateway_url=ws://127.0.0.1:$port/ocpp
    pids+=("$gateway_pid")
    await_port "$port" "$gateway_pid" "the gateway"
}

stop_gateway() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# MARK: Runs

# load NAME ARGUMENT...: one run of the load generator; its figures are the file NAME.json.
load() {
    local name=$1
    shift
    "$bin/charge-point-simulator" load "$@" --json --quiet >"$results/$name.new" ||
        fail "this run failed: charge-point-simulator load $*"
    mv "$results/$name.new" "$results/$name.json"
    cut -d ' ' -f 1 /proc/loadavg >>"$results/load-averages"
    echo "charge-point-simulator load $*" | sed -E "s/(:|-pid )[0-9]{2,}/\1…/g" >>"$results/commands"
}

# through NAME MODE ARGUMENT...: over the gateway that was started last.
through() {
    local name=$1 mode=$2
    shift 2
    load "$name" "$mode" --url "$gateway_url" --broker "$broker" --gateway-pid "$gateway_pid" \
        --broker-pid "$broker_pid" "$@"
}

for_each() {
    local section
    for section in "${sections[@]}"; do [[ $section == "$1" ]] && return; done
    return 1
}

begin=$SECONDS
: >"$results/commands"
: >"$results/load-averages"
say "Load average of this machine now: $(cut -d ' ' -f 1-3 /proc/loadavg) (the figures want it below 1)"
start_mosquitto
broker=mqtt://127.0.0.1:$broker_port
time_of=(--warm-up 1 --duration "$seconds")

if for_each cost; then
    say "CPU of a round trip, 64 open calls"
    start_gateway BROKER_QOS=1
    qos1_pid=$gateway_pid qos1_url=$gateway_url
    start_gateway BROKER_QOS=0
    for ((i = 1; i <= repeats; i++)); do
        load "cost--qos0-mqtt--$i" floor-mqtt --broker "$broker" --broker-pid "$broker_pid" "${time_of[@]}"
        load "cost--echo--$i" floor-echo "${time_of[@]}"
        through "cost--qos0-gateway--$i" closed "${time_of[@]}"
        load "cost--qos1-mqtt--$i" floor-mqtt --broker "$broker" --broker-pid "$broker_pid" --qos 1 "${time_of[@]}"
        load "cost--qos1-gateway--$i" closed --url "$qos1_url" --broker "$broker" --qos 1 \
            --gateway-pid "$qos1_pid" --broker-pid "$broker_pid" "${time_of[@]}"
    done
    stop_gateway "$qos1_pid"
    stop_gateway "$gateway_pid"
fi

if for_each latency; then
    say "Latency, one open call"
    start_gateway BROKER_QOS=0
    for ((i = 1; i <= repeats; i++)); do
        load "latency--mqtt--$i" floor-mqtt --broker "$broker" --count 1 --open 1 "${time_of[@]}"
        load "latency--echo--$i" floor-echo --count 1 --open 1 "${time_of[@]}"
        through "latency--gateway--$i" closed --count 1 "${time_of[@]}"
    done
    stop_gateway "$gateway_pid"
fi

if for_each storm; then
    say "$many upgrades"
    start_gateway BROKER_QOS=0
    through storm--all--1 storm --count "$many" --rounds "$repeats" --sources 8
    stop_gateway "$gateway_pid"
fi

if for_each idle; then
    say "$many idle sessions"
    start_gateway BROKER_QOS=0
    through idle--memory--1 idle --count "$many" --sources 8 --settle 3 --duration "$ping"
    stop_gateway "$gateway_pid"
    # In this window each session is pinged once: that is the work of one whole interval.
    start_gateway BROKER_QOS=0 LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL="${ping}s"
    through idle--pings--1 idle --count "$many" --sources 8 --settle 3 --duration "$ping"
    stop_gateway "$gateway_pid"
fi

if for_each churn; then
    say "$many sessions come and go, $rounds times"
    start_gateway BROKER_QOS=0
    through churn--all--1 idle --count "$many" --sources 8 --rounds "$rounds" --settle 2 --duration 0
    stop_gateway "$gateway_pid"
fi

if for_each size; then
    say "Message sizes"
    start_gateway BROKER_QOS=0
    for size in "${sizes[@]}"; do
        open=64
        if ((size > 100000)); then open=16; fi
        options=(--payload-bytes "$size" --open "$open" "${time_of[@]}")
        load "size--mqtt--$size" floor-mqtt --broker "$broker" --broker-pid "$broker_pid" "${options[@]}"
        through "size--gateway--$size" closed "${options[@]}"
    done
    stop_gateway "$gateway_pid"
fi

if for_each sessions; then
    for count in "${few[@]}"; do
        if ((count + 300 > $(ulimit -n))); then
            say "$count sessions: left out, this process may open $(ulimit -n) files"
            continue
        fi
        say "$count sessions"
        start_gateway BROKER_QOS=0
        through "sessions--gateway--$count" closed --count "$count" --open 64 --sources 8 --settle 3 "${time_of[@]}"
        stop_gateway "$gateway_pid"
    done
fi

if for_each connections; then
    for count in 1 2 4; do
        say "$count broker connections"
        start_gateway BROKER_QOS=0 BROKER_CONNECTIONS=$count
        through "connections--gateway--$count" closed "${time_of[@]}"
        stop_gateway "$gateway_pid"
    done
fi

say "Measured in $(((SECONDS - begin) / 60)) min $(((SECONDS - begin) % 60)) s"
if $keep; then
    python3 deploy/bench-tables.py "$results"
else
    python3 deploy/bench-tables.py "$results" docs/benchmarks.md
    say "Rewrote the tables of docs/benchmarks.md"
fi
