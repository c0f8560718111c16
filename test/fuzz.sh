#!/usr/bin/env bash
# task test:fuzz. It fuzzes every target in the repository, each for an equal part of a time, 3m unless given:
#   test/fuzz.sh 1h
# An input that fails is written to testdata/fuzz of its package, where every later go test runs it: commit it with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:-3m}
case $time in
*[0-9]h) seconds=$((${time%h} * 3600)) ;;
*[0-9]m) seconds=$((${time%m} * 60)) ;;
*[0-9]s) seconds=${time%s} ;;
*) echo "usage: $0 [time, such as 90s, 10m or 1h]" >&2 && exit 2 ;;
esac

mapfile -t targets < <(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' api internal workflows activities worker cmd deploy passwordhash | sort)
each=$((seconds / ${#targets[@]}))s
[ "$each" != 0s ] || each=1s
# fuzz fuzzes one target. The fuzzer also reports a failure if its time ends while it runs an input; then no input has failed.
fuzz() {
	local status
	# Without a limit, the fuzzer may spend the whole time on making one input shorter.
	go test -run '^$' -fuzz "^$2\$" -fuzztime "$each" -fuzzminimizetime 1s "$1" 2>&1 | tee "$output"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || { grep -q '^ *context deadline exceeded$' "$output" && ! grep -q 'Failing input written' "$output"; }
}

output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=()
for target in "${targets[@]}"; do
	package=./$(dirname "${target%%:*}") name=${target##* }
	printf '\n=== %s %s for %s (%ss)\n' "$package" "$name" "$each" "$SECONDS"
	fuzz "$package" "$name" || failed+=("$name")
done
[ ${#failed[@]} = 0 ] || { printf '\nfailed: %s\n' "${failed[*]}" && exit 1; }
