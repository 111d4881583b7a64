#!/usr/bin/env bash
# Does in a real browser what an operator does on the management page, against a gateway and a Mosquitto of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

if [[ ${1-} == --help || ${1-} == -h ]]; then
    cat <<'USAGE'
Usage: ./deploy/test-page.sh

Builds the gateway (debug), starts it beside a Mosquitto on free ports of 127.0.0.1, and drives Debian's chromium. Run
./deploy/test.sh once before: it prepares the Python environment that the charge points run in.
USAGE
    exit 0
fi
need_swift
install_packages "${build_packages[@]}" chromium chromium-driver mosquitto
[[ -x .build/python/bin/python ]] || fail "run ./deploy/test.sh first: .build/python is missing"
swift build --product ocpp-gateway
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
broker=$(free_port) charge_points=$(free_port) second=$(free_port) management=$(free_port)
PATH=$PATH:/usr/sbin mosquitto -p "$broker" >"$folder/mosquitto.log" 2>&1 &
echo "viewer:viewers-secret:viewer" >"$folder/keys"
env BROKER_URL="mqtt://127.0.0.1:$broker" LISTENERS=ws:default,ws:second \
    LISTENERS_WS_DEFAULT_BIND="127.0.0.1:$charge_points" LISTENERS_WS_DEFAULT_ENABLE_AUTHN=false \
    LISTENERS_WS_SECOND_BIND="127.0.0.1:$second" MANAGEMENT_BIND="127.0.0.1:$management" MANAGEMENT_API_KEY=ops \
    MANAGEMENT_API_SECRET=operators-secret MANAGEMENT_API_KEYS_FILE="$folder/keys" DATA_DIR="$folder/data" \
    AUTHENTICATION_BACKEND=built_in_database \
    "$(swift build --show-bin-path)/ocpp-gateway" >"$folder/gateway.log" 2>&1 &
for ((tries = 0; tries < 200; tries++)); do
    if curl -sf "http://127.0.0.1:$management/readyz" >/dev/null; then break; fi
    sleep 0.1
done
.build/python/bin/python -B Tests/IntegrationTests/Resources/page.py --url "http://127.0.0.1:$management/" \
    --ws "ws://127.0.0.1:$charge_points" --key ops --secret operators-secret --viewer-key viewer \
    --viewer-secret viewers-secret || {
    tail -n 20 "$folder/gateway.log"
    fail "the page does NOT work"
}
say "The page works"
