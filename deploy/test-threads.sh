#!/usr/bin/env bash
# Runs the tests of the modules that share memory between threads under ThreadSanitizer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

readonly targets=(BrokerLinkTests ChargePointSessionsTests)
readonly folder=.build-tsan suppressions=deploy/test-threads.suppressions

if [[ ${1-} == --help || ${1-} == -h ]]; then
    cat <<USAGE
Usage: ./deploy/test-threads.sh [ARGUMENT...]

Builds ${targets[*]} with ThreadSanitizer, in $folder, and runs them. The first build takes
a quarter of an hour on two cores; the tests take some times as long as without. A report is a failure, unless
$suppressions knows it to be false, and says why. Reports are written to $folder/reports.
Arguments are handed to \`swift test\`, for example: ./deploy/test-threads.sh --filter ThreadScheduleTests
USAGE
    exit 0
fi

need_swift
install_packages "${build_packages[@]}" mosquitto-clients
install_servers mosquitto

# Without the other test targets, whose modules are most of the build.
ONLY_TEST_TARGETS=$(IFS=,; echo "${targets[*]}")
export ONLY_TEST_TARGETS
readonly options=(--scratch-path "$folder" --sanitize=thread)

say "Building ${targets[*]} with ThreadSanitizer in $folder"
swift_build "${options[@]}" --product ocpp-gatewayPackageTests || fail "the build FAILED"

clang -O1 -Wall -Werror -shared -fPIC -o "$folder/mutex.so" deploy/test-threads-mutex.c

rm -rf "$folder/reports"
mkdir -p "$folder/reports"
# The tests go on behind a report, so that one run shows all of them.
export TSAN_OPTIONS="suppressions=$PWD/$suppressions log_path=$PWD/$folder/reports/report halt_on_error=0 exitcode=66 history_size=4"
say "Running them"
status=0
LD_PRELOAD="$PWD/$folder/mutex.so" swift test "${options[@]}" --skip-build "$@" </dev/null || status=$?

count=$(cat "$folder/reports"/* 2>/dev/null | grep -c '^WARNING: ThreadSanitizer' || true)
if ((count > 0)); then
    grep -h '^SUMMARY' "$folder/reports"/* | sort | uniq -c | sort -rn
    fail "ThreadSanitizer has $count reports, see $folder/reports"
fi
((status == 0)) || fail "the tests FAILED (exit $status)"
say "All tests passed, and no thread got in another's way"
