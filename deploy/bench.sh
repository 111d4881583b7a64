#!/usr/bin/env bash
# Measures the gateway against its budget, beside its own floors, and rewrites the tables of docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

readonly all_sections=(cost latency storm idle tls churn size sessions loops connections gateways bursts management)

usage() {
    cat <<USAGE
Usage: ./deploy/bench.sh [--quick] [--keep] [--no-build] [--beside PROGRAM] [SECTION...]

Builds the gateway and its load generator (release), starts a Mosquitto and gateways of its own on free ports of
127.0.0.1, measures, and rewrites the tables and plots of docs/benchmarks.md. The whole takes about half an hour.

  --quick     some minutes: fewer sessions, shorter and single runs; docs/benchmarks.md is left alone
  --keep      leave docs/benchmarks.md alone, print the tables only
  --no-build  measure what was built last
  --beside    also the ocpp-gateway of an earlier build, in turn with this one (in the section cost)

Sections: ${all_sections[*]}; all without any. A run of some sections leaves the figures of
the others as they were measured last (in .build/bench).
USAGE
}

quick=false keep=false build=true earlier=
sections=()
while (($# > 0)); do
    case $1 in
        --help | -h) usage && exit 0 ;;
        --quick) quick=true keep=true ;;
        --keep) keep=true ;;
        --no-build) build=false ;;
        --beside)
            (($# > 1)) || fail "--beside needs a program"
            shift
            earlier=$1
            [[ -x $earlier ]] || fail "not a program: $earlier"
            earlier=$(realpath "$earlier")
            ;;
        *)
            [[ " ${all_sections[*]} " == *" $1 "* ]] || fail "unknown argument: $1 (see --help)"
            sections+=("$1")
            ;;
    esac
    shift
done
if ((${#sections[@]} == 0)); then sections=("${all_sections[@]}"); fi

many=10000 few=(1000 5000 19000) sizes=(100 1024 32768 262144) loops=(1 2) connections=(1 2 4) gateways=(1 2 5 10) results=.build/bench
# How often a row and its floor are measured in turn, and how often sessions come and go.
repeats=5 seconds=3 long=10 rounds=10 ping=20 settle=3
if $quick; then
    many=2000 few=(1000 3000) sizes=(100 32768) gateways=(1 3) results=.build/bench-quick
    repeats=1 seconds=1 long=2 rounds=3 ping=5 settle=1
fi
readonly time_of=(--warm-up 1 --duration "$seconds")
readonly window=("${time_of[@]}" --settle 0.2)

need_swift
install_packages "${build_packages[@]}" python3 openssl
install_servers mosquitto
if $build; then build_release ocpp-gateway ocpp-load; else find_release; fi
bin=$release_bin
ulimit -n "$(ulimit -Hn)"
mkdir -p "$results"
# The mark beside which the gateway is measured. (The compiler is the one that comes with Swift.)
clang -O2 -Wall -Werror -o "$results/bench-relay" deploy/bench-relay.c -lmosquitto -lcrypto
# Another is the load generator's own, and there is one more where there is Go.
relays=(relay relay-swift)
if GOPATH=/usr/share/gocode GO111MODULE=off go build -o "$results/bench-relay-go" deploy/bench-relay.go 2>/dev/null; then
    relays+=(relay-go)
fi

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

# await PROCESS NAME COMMAND...: until the command succeeds.
await() {
    local process=$1 name=$2 tries
    shift 2
    for ((tries = 0; tries < 600; tries++)); do
        if "$@" 2>/dev/null; then return; fi
        kill -0 "$process" 2>/dev/null || break
        sleep 0.05
    done
    fail "$name does not start"
}

is_listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1")
}

start_mosquitto() {
    local port
    port=$(free_port)
    cat >"$results/mosquitto.conf" <<CONFIGURATION
listener $port 127.0.0.1
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
    broker=mqtt://127.0.0.1:$port
    pids+=("$broker_pid")
    await "$broker_pid" Mosquitto is_listening "$port"
}

# Process and URL of each server that runs, by the name that it was started with.
declare -A pid_of=() url_of=()

# start NAME ws|wss [SETTING=VALUE...]: a gateway with one listener, its settings given without LISTENERS_…_DEFAULT_
# where they begin with a dot. $program is another build's, if it is set.
start() {
    local name=$1 scheme=$2 port setting settings=()
    shift 2
    port=$(free_port)
    for setting in .BIND="127.0.0.1:$port" .MAX_CONN_RATE=1000000 .WEBSOCKET_PING_INTERVAL=300s "$@"; do
        settings+=("${setting/#./LISTENERS_${scheme^^}_DEFAULT_}")
    done
    if [[ $scheme == wss ]]; then
        settings+=("LISTENERS_WSS_DEFAULT_SSL_OPTIONS_CERTFILE=$results/server.pem"
            "LISTENERS_WSS_DEFAULT_SSL_OPTIONS_KEYFILE=$results/server.key")
    fi
    env BROKER_URL="$broker" BROKER_CLIENT_ID="bench-$port" BROKER_QOS=0 LISTENERS="$scheme:default" \
        DEFAULT_HEARTBEAT_INTERVAL=300s LOG_LEVEL=warning MANAGEMENT_BIND= SHUTDOWN_DRAIN_TIME=1s "${settings[@]}" \
        "${program:-$bin/ocpp-gateway}" </dev/null 2>>"$results/gateway.log" >&2 &
    pid_of[$name]=$!
    url_of[$name]=$scheme://127.0.0.1:$port/ocpp
    pids+=("${pid_of[$name]}")
    await "${pid_of[$name]}" "the gateway ($results/gateway.log)" is_listening "$port"
}

# start_echo NAME: the bare WebSocket echo over TLS.
start_echo() {
    : >"$results/echo-port"
    "$bin/ocpp-load" echo-server --certificate "$results/server.pem" --key "$results/server.key" \
        >"$results/echo-port" </dev/null &
    pid_of[$1]=$!
    pids+=("${pid_of[$1]}")
    await "${pid_of[$1]}" "the echo server" grep -q . "$results/echo-port"
    url_of[$1]=wss://127.0.0.1:$(<"$results/echo-port")/echo
}

# start_relay NAME QOS [PROGRAM]: a bare relay.
start_relay() {
    local port
    if [[ ${3-} == relay-swift ]]; then
        : >"$results/$1-port"
        "$bin/ocpp-load" relay-server --broker "$broker" --qos "$2" >"$results/$1-port" </dev/null &
        pid_of[$1]=$!
        pids+=("${pid_of[$1]}")
        await "${pid_of[$1]}" "the relay in Swift" grep -q . "$results/$1-port"
        url_of[$1]=ws://127.0.0.1:$(<"$results/$1-port")/ocpp
        return
    fi
    port=$(free_port)
    "$results/bench-${3-relay}" "$port" "${broker##*:}" "$2" </dev/null &
    pid_of[$1]=$!
    url_of[$1]=ws://127.0.0.1:$port/ocpp
    pids+=("${pid_of[$1]}")
    await "${pid_of[$1]}" "the relay" is_listening "$port"
}

stop() {
    local name
    for name in "$@"; do
        kill "${pid_of[$name]}" 2>/dev/null || true
        wait "${pid_of[$name]}" 2>/dev/null || true
    done
}

# MARK: Runs

# load VARIANT NUMBER ARGUMENT...: one run of the load generator for the section that is at work.
load() {
    local file=$results/$section--$1--$2
    shift 2
    "$bin/ocpp-load" "$@" --json --quiet >"$file.new" ||
        fail "this run failed: ocpp-load $*"
    mv "$file.new" "$file.json"
    cut -d ' ' -f 1 /proc/loadavg >>"$results/$section.loads"
    echo "ocpp-load $*" | sed -E "s/(:|-pid )[0-9]{2,}/\1…/g; s|$results/||" >>"$results/$section.commands"
}

# bare VARIANT NUMBER ARGUMENT...: libmosquitto alone.
bare() {
    local variant=$1 number=$2
    shift 2
    load "$variant" "$number" floor-mqtt --broker "$broker" --broker-pid "$broker_pid" "${time_of[@]}" "$@"
}

# through SERVER VARIANT NUMBER MODE ARGUMENT...: over the gateway of that name.
through() {
    local server=$1 variant=$2 number=$3 mode=$4
    shift 4
    local options=(--url "${url_of[$server]}" --gateway-pid "${pid_of[$server]}")
    if [[ ${url_of[$server]} == wss:* ]]; then options+=(--ca "$results/server.pem"); fi
    if [[ $mode != storm && ${url_of[$server]} == */ocpp ]]; then options+=(--broker "$broker"); fi
    load "$variant" "$number" "$mode" "${options[@]}" --broker-pid "$broker_pid" "$@"
}

# MARK: Sections

measure_cost() {
    say "CPU of a round trip, 64 open calls"
    local qos i relay
    rm -f "$results"/cost--qos?-earlier--*
    for qos in 0 1; do
        start "checked$qos" ws BROKER_QOS=$qos MESSAGE_FORMAT_CHECKING=all
        if [[ $earlier ]]; then
            program=$earlier start "earlier$qos" ws BROKER_QOS=$qos MESSAGE_FORMAT_CHECKING=all
        fi
        start "unchecked$qos" ws BROKER_QOS=$qos MESSAGE_FORMAT_CHECKING=disable
        for relay in "${relays[@]}"; do start_relay "$relay$qos" $qos "$relay"; done
    done
    for ((i = 1; i <= repeats; i++)); do
        load echo "$i" floor-echo "${time_of[@]}"
        for qos in 0 1; do
            bare "qos$qos-mqtt" "$i" --qos "$qos"
            for relay in "${relays[@]}"; do
                through "$relay$qos" "qos$qos-$relay" "$i" closed --qos "$qos" "${window[@]}"
            done
            if [[ $earlier ]]; then
                through "earlier$qos" "qos$qos-earlier" "$i" closed --qos "$qos" "${window[@]}"
            fi
            through "checked$qos" "qos$qos-checked" "$i" closed --qos "$qos" "${window[@]}"
            through "unchecked$qos" "qos$qos-unchecked" "$i" closed --qos "$qos" "${window[@]}"
        done
    done
    stop checked0 unchecked0 checked1 unchecked1
    if [[ $earlier ]]; then stop earlier0 earlier1; fi
    for relay in "${relays[@]}"; do stop "${relay}0" "${relay}1"; done
}

measure_latency() {
    say "Latency, one open call"
    local i
    start gateway ws
    for ((i = 1; i <= repeats; i++)); do
        bare mqtt "$i" --count 1 --open 1
        load echo "$i" floor-echo --count 1 --open 1 "${time_of[@]}"
        through gateway gateway "$i" closed --count 1 "${window[@]}"
    done
    stop gateway
}

measure_storm() {
    say "$many upgrades"
    start gateway ws
    through gateway gateway 1 storm --count "$many" --rounds 3 --sources 8 --settle 1
    stop gateway
}

measure_idle() {
    say "$many idle sessions"
    start quiet ws
    through quiet quiet 1 idle --count "$many" --sources 8 --settle "$settle" --duration "$ping"
    stop quiet
    # In this window each session is pinged once: that is the work of one whole interval.
    start pinging ws .WEBSOCKET_PING_INTERVAL="${ping}s"
    through pinging pings 1 idle --count "$many" --sources 8 --settle "$settle" --duration "$ping"
    stop pinging
}

measure_tls() {
    say "$many idle sessions over TLS, and over a bare echo"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 -keyout "$results/server.key" -out "$results/server.pem" 2>/dev/null
    local options=(--count "$many" --sources 8 --settle "$settle" --duration 1)
    start_echo echo
    through echo echo 1 idle "${options[@]}"
    stop echo
    start tls13 wss
    through tls13 tls13 1 idle "${options[@]}"
    stop tls13
    start tls12 wss
    through tls12 tls12 1 idle "${options[@]}" --tls1.2
    stop tls12
    start plain ws
    through plain ws 1 idle "${options[@]}"
    stop plain
}

measure_churn() {
    say "$many sessions come and go, $rounds times"
    start gateway ws
    through gateway gateway 1 idle --count "$many" --sources 8 --rounds "$rounds" --settle 2 --duration 0
    stop gateway
}

measure_size() {
    say "Message sizes"
    local size open
    start gateway ws
    for size in "${sizes[@]}"; do
        open=64
        if ((size > 100000)); then open=16; fi
        bare mqtt "$size" --payload-bytes "$size" --open "$open"
        through gateway gateway "$size" closed --payload-bytes "$size" --open "$open" "${window[@]}"
    done
    stop gateway
}

# hold NAME COUNT: charge points at the gateway NAME that connect, send one message, and stay idle until they are stopped.
hold() {
    "$bin/ocpp-load" idle --url "${url_of[$1]}" --broker "$broker" --prefix "IDLE$2-" --count "$2" \
        --sources 8 --duration 3600 --quiet >/dev/null </dev/null &
    pid_of[idle$1]=$!
    pids+=("$!")
    await "$!" "$2 idle charge points" has_files "${pid_of[$1]}" "$2"
}

has_files() {
    (($(find "/proc/$1/fd" -mindepth 1 | wc -l) > $2))
}

measure_sessions() {
    local count i possible=()
    for count in "${few[@]}"; do
        if ((count + 300 > $(ulimit -n))); then
            say "$count sessions: left out, this process may open $(ulimit -n) files"
            continue
        fi
        possible+=("$count")
    done
    say "64 sessions that send, beside so many idle ones: ${possible[*]}"
    for count in "${possible[@]}"; do
        start "$count" ws
        hold "$count" "$count"
    done
    sleep "$settle"
    for ((i = 1; i <= (repeats + 1) / 2; i++)); do
        bare mqtt "$i"
        for count in "${possible[@]}"; do through "$count" "$count" "$i" closed "${window[@]}"; done
    done
    for count in "${possible[@]}"; do stop "idle$count" "$count"; done
    for count in "${possible[@]}"; do
        say "$count sessions that send in turn"
        start gateway ws
        through gateway all "$count" closed --count "$count" --open 64 --sources 8 "${time_of[@]}" --settle "$settle"
        stop gateway
    done
}

# compare SETTING VALUE...: gateways with these values, and libmosquitto alone, in turn.
compare() {
    local setting=$1 value i
    shift
    for value in "$@"; do start "$value" ws "$setting=$value"; done
    for ((i = 1; i <= (repeats + 1) / 2; i++)); do
        bare mqtt "$i"
        for value in "$@"; do through "$value" "$value" "$i" closed "${window[@]}"; done
    done
    stop "$@"
}

measure_loops() {
    say "Event loops: ${loops[*]}"
    # A connection stays with the event loop of the socket that accepted it.
    compare .ACCEPTORS "${loops[@]}"
}

measure_connections() {
    say "Broker connections: ${connections[*]}"
    compare BROKER_CONNECTIONS "${connections[@]}"
}

measure_gateways() {
    say "$many charge points at so many gateways with one broker: ${gateways[*]}"
    local count i j names arguments
    for ((i = 1; i <= (repeats + 1) / 2; i++)); do
        for count in "${gateways[@]}"; do
            names=() arguments=()
            for ((j = 1; j <= count; j++)); do
                start "one$j" ws UPSTREAM_TOPIC="cp/one$j/\${cid}"
                names+=("one$j")
                arguments+=("one$j" "${url_of[one$j]}" "${pid_of[one$j]}")
            done
            # A gateway that is alone finds that out in two seconds.
            sleep 3
            deploy/bench-gateways.py "$bin/ocpp-load" "$broker" "$broker_pid" "$many" "${arguments[@]}" \
                >"$results/gateways--$count--$i.new"
            mv "$results/gateways--$count--$i.new" "$results/gateways--$count--$i.json"
            stop "${names[@]}"
        done
    done
}

measure_bursts() {
    say "A CALL to each of $many charge points at once, and 64 charge points with messages of 32 KB, and 16 with 256 KB"
    local name i idle
    start gateway ws
    start_relay relay 0
    for ((i = 1; i <= (repeats + 1) / 2; i++)); do
        for name in gateway relay; do
            through "$name" "$name-received" "$i" idle --prefix BURST --count "$many" --sources 8 --settle 0 \
                --duration 30 &
            idle=$!
            await "$idle" "$many charge points" has_files "${pid_of[$name]}" "$many"
            sleep "$settle"
            deploy/bench-burst.py "${broker##*:}" BURST "$many" "${pid_of[$name]}" "$broker_pid" \
                >"$results/bursts--$name--$i.json"
            wait "$idle" || fail "the charge points of the burst failed"
        done
        for name in gateway relay; do
            long_run "$name" "$name-32768" "$i" --payload-bytes 32768
            long_run "$name" "$name-262144" "$i" --payload-bytes 262144 --open 16
        done
    done
    stop gateway relay
}

# long_run SERVER VARIANT NUMBER ARGUMENT...: and the most memory that it took.
long_run() {
    local server=$1 variant=$2 number=$3
    shift 3
    echo 5 >"/proc/${pid_of[$server]}/clear_refs"
    through "$server" "$variant" "$number" closed --warm-up 1 --duration "$long" --settle 0.2 "$@"
    sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/${pid_of[$server]}/status" \
        >"$results/bursts--$variant-peak--$number.json"
}

# ask NUMBER SECONDS: 500 requests a second for a page of the list of charge points.
ask() {
    MANAGEMENT_API_KEY=bench MANAGEMENT_API_SECRET=bench deploy/bench-requests.py "$management" \
        /api/v5/gateways/ocpp/clients 500 "$2" >"$results/management--requests--$1.json"
}

measure_management() {
    say "64 sessions that send beside $many idle ones, with 500 requests a second for a page of the list, and without"
    local i asking management
    management=$(free_port)
    start gateway ws MANAGEMENT_BIND="127.0.0.1:$management" MANAGEMENT_API_KEY=bench MANAGEMENT_API_SECRET=bench \
        DATA_DIR="$results/data"
    hold gateway "$many"
    sleep "$settle"
    for ((i = 1; i <= repeats; i++)); do
        through gateway without "$i" closed "${window[@]}"
        # It begins before and ends behind what is measured.
        ask "$i" $((seconds + 4)) &
        asking=$!
        pids+=("$asking")
        through gateway with "$i" closed "${window[@]}"
        wait "$asking" || fail "the requests failed"
    done
    stop idlegateway gateway
    measure_everything
}

# An idle session's memory with all that may be on and keeps something for each: management and its metrics, an
# authenticator, its cache, format checking.
measure_everything() {
    say "$many idle sessions with everything on"
    : >"$results/allow-port"
    deploy/bench-allow.py >"$results/allow-port" </dev/null &
    pid_of[allow]=$!
    pids+=("$!")
    await "$!" "the authentication backend" grep -q . "$results/allow-port"
    start everything ws MANAGEMENT_BIND="127.0.0.1:$(free_port)" MANAGEMENT_API_KEY=bench \
        MANAGEMENT_API_SECRET=bench DATA_DIR="$results/data" MESSAGE_FORMAT_CHECKING=all AUTHENTICATION_BACKEND=http \
        AUTHENTICATION_METHOD=post AUTHENTICATION_URL="http://127.0.0.1:$(<"$results/allow-port")/"
    through everything everything 1 idle --count "$many" --sources 8 --settle "$settle" --duration 1
    stop everything
    start nothing ws
    through nothing nothing 1 idle --count "$many" --sources 8 --settle "$settle" --duration 1
    stop nothing allow
}

begin=$SECONDS
say "Load average of this machine now: $(cut -d ' ' -f 1-3 /proc/loadavg) (the figures want it below 1)"
: >"$results/gateway.log"
start_mosquitto
for section in "${sections[@]}"; do
    section_begin=$SECONDS
    rm -f "$results/$section"[.-]*
    "measure_$section"
    say "($section: $((SECONDS - section_begin)) s)"
done
say "Measured in $(((SECONDS - begin) / 60)) min $(((SECONDS - begin) % 60)) s"
if $keep; then
    python3 deploy/bench-tables.py "$results"
else
    python3 deploy/bench-tables.py "$results" docs/benchmarks.md
    say "Rewrote the tables of docs/benchmarks.md"
fi
