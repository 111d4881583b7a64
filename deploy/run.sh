#!/usr/bin/env bash
# Installs what is missing, builds the gateway, and runs it, with a Mosquitto of its own if it is told of no broker.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

usage() {
    cat <<'USAGE'
Usage: ./deploy/run.sh [OPTION...]

Installs the Debian packages that are missing, builds the gateway (release), and runs it in the foreground.
Options are handed to ocpp-gateway (see `ocpp-gateway --help`).

Every environment variable of the gateway passes through; see docs/configuration.md. Often wanted:
  BROKER_URL                 the broker, for example mqtt://user:password@192.0.2.1:1883; without it (and without
                             CONFIG_FILE) a Mosquitto on 127.0.0.1:1883 is used, and started here if none runs
  LISTENERS_WS_DEFAULT_BIND  where charge points connect, 0.0.0.0:33033 by default

Stop it with ^C or SIGTERM: the gateway closes its sessions, publishes what is pending, and its exit code is ours.
USAGE
}

if [[ ${1-} == --help || ${1-} == -h ]]; then
    usage
    exit 0
fi

need_swift

mosquitto_pid=
gateway_pid=

# shellcheck disable=SC2317 # called by a trap
stop_mosquitto() {
    if [[ -n $mosquitto_pid ]]; then
        kill "$mosquitto_pid" 2>/dev/null || true
        wait "$mosquitto_pid" 2>/dev/null || true
        mosquitto_pid=
    fi
}
trap stop_mosquitto EXIT

answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_mosquitto() {
    local state=$PWD/.build/run/mosquitto
    mkdir -p "$state"
    cat >"$state/mosquitto.conf" <<CONFIGURATION
# Written by deploy/run.sh, at every start.
listener 1883 127.0.0.1
allow_anonymous true
persistence true
persistence_location $state/
autosave_interval 60
user $(id -un)
log_dest file $state/mosquitto.log
CONFIGURATION
    local mosquitto
    mosquitto=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto)
    # A process group of its own: ^C is for the gateway, which still has messages to publish.
    set -m
    "$mosquitto" -c "$state/mosquitto.conf" </dev/null >>"$state/mosquitto.log" 2>&1 &
    mosquitto_pid=$!
    set +m
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        if answers 1883; then
            say "Started Mosquitto on 127.0.0.1:1883 (log: $state/mosquitto.log)"
            return
        fi
        kill -0 "$mosquitto_pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 5 "$state/mosquitto.log" >&2 || true
    fail "Mosquitto did not start; see $state/mosquitto.log"
}

install_packages "${build_packages[@]}"
if [[ -z ${BROKER_URL-} && -z ${CONFIG_FILE-} ]]; then
    # Where the package starts a Mosquitto as a service, that one is used below.
    install_packages mosquitto mosquitto-clients
fi

build_release ocpp-gateway charge-point-simulator
gateway=$release_bin/ocpp-gateway
# Mistakes are told before anything is started; what is left to warn of is in the gateway's log.
"$gateway" --check-config >/dev/null 2>&1 || "$gateway" --check-config >/dev/null

if [[ -n ${BROKER_URL-} ]]; then
    # The address without a user and password.
    say "Broker: $(sed -E 's#//[^@,/]*@#//#g' <<<"$BROKER_URL") (BROKER_URL)"
elif [[ -n ${CONFIG_FILE-} ]]; then
    say "Broker: as ${CONFIG_FILE} says"
elif answers 1883; then
    say "Broker: the one that already answers on 127.0.0.1:1883"
    export BROKER_URL=mqtt://127.0.0.1:1883
else
    start_mosquitto
    export BROKER_URL=mqtt://127.0.0.1:1883
fi

if [[ -n ${CONFIG_FILE-} ]]; then
    say "Charge points:  as ${CONFIG_FILE} says; the log line \"listening\" names each address"
else
    bind=${LISTENERS_WS_DEFAULT_BIND-0.0.0.0:33033}
    host=${bind%:*}
    if [[ $bind != *:* || $host == 0.0.0.0 || $host == '[::]' ]]; then
        host=$(hostname 2>/dev/null || echo localhost)
    fi
    say "Charge points:  ws://$host:${bind##*:}${LISTENERS_WS_DEFAULT_WEBSOCKET_PATH-/ocpp}/<identity>"
    say "Watch:          mosquitto_sub -t '${MOUNTPOINT-ocpp/}#' -v"
fi
say "Stop:           ^C"

# shellcheck disable=SC2317 # called by a trap
stop_gateway() {
    is_signalled=true
    kill -s "$1" "$gateway_pid" 2>/dev/null || true
}
# libmongoc keeps counters in shared memory, which nobody reads and a killed process leaves behind.
export MONGOC_DISABLE_SHM=1
trap 'stop_gateway INT' INT
trap 'stop_gateway TERM' TERM
# In a process group of its own, so that it hears ^C once, from us.
set -m
"$gateway" "$@" </dev/null &
gateway_pid=$!
set +m

# A signal ends `wait` early, with a status of its own; the gateway's is wanted.
is_signalled=true
while $is_signalled; do
    is_signalled=false
    status=0
    wait "$gateway_pid" || status=$?
done
exit "$status"
