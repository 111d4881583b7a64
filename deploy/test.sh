#!/usr/bin/env bash
# Installs what the tests need, lints, builds, and runs every test against real brokers. CI runs this.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

if [[ ${1-} == --help || ${1-} == -h ]]; then
    cat <<'USAGE'
Usage: ./deploy/test.sh [--package | ARGUMENT...]

Installs the packages that the tests need and that are missing, checks the format of the code, builds, and runs
the tests. Arguments are handed to `swift test`, for example: ./deploy/test.sh --filter RelayTests

  --package  try the Debian package in place of the tests (deploy/test-package.sh, as root): it needs a release build,
             some twenty minutes on two cores, so a run without it leaves it out
USAGE
    exit 0
fi

if [[ ${1-} == --package ]]; then
    shift
    exec ./deploy/test-package.sh "$@"
fi

# Of the Python charge point that takes part in the tests, of the judge of the schema checker, and of the judge of the
# management API; pinned, so that a test fails for our reasons only.
readonly python_packages=(ocpp==2.1.0 websockets==15.0.1 jsonschema==4.26.0
    rfc3339-validator==0.1.4 rfc3986-validator==0.1.1 pyjwt==2.10.1 cryptography==45.0.7 secantusdb==0.7.0b3
    schemathesis==4.32.5)

prepare_python() {
    local environment=.build/python wanted="${python_packages[*]}" python=/usr/bin/python3
    if [[ $(cat "$environment/installed" 2>/dev/null) == "$wanted" ]]; then
        return
    fi
    say "Installing Python packages into $environment: $wanted"
    rm -rf "$environment"
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        "${python_packages[@]}" </dev/null
    echo "$wanted" >"$environment/installed"
}

begin=$SECONDS
need_swift
install_packages "${build_packages[@]}" faketime mosquitto-clients openssl python3 python3-venv redis-tools util-linux curl \
    chromium chromium-driver
install_servers mosquitto rabbitmq-server haproxy nginx-light mariadb-server postgresql redis-server redis-sentinel prometheus
mkdir -p .build
prepare_python

say "Checking the format of the code"
swift format lint --strict --recursive --parallel Sources Tests Package.swift ||
    fail "the format is not as .swift-format wants it; \`swift format -i\` mends most of it"

say "Building the gateway and the tests"
swift_build --build-tests || fail "the build FAILED"

# The pure modules keep both cores busy with random texts; tests that wait for real servers come after them, or they
# would wait for a core.
readonly pure='OutsideNamesTests|MemoryBudgetTests|CountersTests|SettingsTests|BoundedFilesTests|JSONTextTests|OCPPJTests|SchemaCheckingTests'
readonly sessions='ChargePointSessionsTests'
readonly link='BrokerLinkTests'
# One after the other: each has servers of its own, or keeps both cores busy.
readonly apart=(GatewayTests CredentialCheckingTests BuiltInDatabaseAuthenticatorTests PostgreSQLAuthenticatorTests
    MySQLAuthenticatorTests RedisAuthenticatorTests MongoDBAuthenticatorTests
    'HTTPAuthenticatorTests|JWTAuthenticatorTests' ManagementTests LoadGeneratorTests)
readonly whole='IntegrationTests'

# What the tests printed, a file a group; what failed is said again at the end, below thousands of lines otherwise.
readonly logs=.build/test-logs
rm -rf "$logs"
mkdir -p "$logs"
failed=()
# A process that crashes says where.
export SWIFT_BACKTRACE=enable=yes,color=no,interactive=no

# run_tests NAME ARGUMENT...: runs the tests that the arguments choose, and goes on when some fail.
run_tests() {
    local name=$1
    shift
    swift test --skip-build "$@" </dev/null 2>&1 | tee "$logs/$name.log" || failed+=("$name")
}

# What failed in a group: the lines of its failures with what follows them, or where its process ended.
print_failures() {
    local log=$logs/$1.log
    say "What failed in $1 (all that it printed: $log)"
    grep -aE -A 12 '^✘|Fatal error|Program crashed|unexpected signal' "$log" | grep -avE '^(✔|◇|--)' | head -n 200 || true
    grep -aqE 'Test run with [0-9]+ test' "$log" || tail -n 60 "$log"
}

if (($# > 0)); then
    say "Running the tests: $*"
    run_tests chosen "$@"
else
    say "Running the tests of the pure modules"
    run_tests pure --filter "$pure"
    run_tests sessions --filter "$sessions"
    say "Running the tests of the modules with input and output"
    run_tests link --filter "$link"
    for suite in "${apart[@]}"; do
        run_tests "${suite%%|*}" --filter "$suite"
    done
    others=$(printf '|%s' "${apart[@]}")
    run_tests others --skip "$pure|$sessions|$link|$whole$others"
    say "Running the tests of the whole gateway"
    run_tests whole --filter "$whole"
fi
took="$(((SECONDS - begin) / 60)) min $(((SECONDS - begin) % 60)) s"
for name in "${failed[@]}"; do
    print_failures "$name"
done
((${#failed[@]} == 0)) || fail "the tests FAILED in ${failed[*]} ($took)"
say "All tests passed ($took)"
