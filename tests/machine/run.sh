#!/bin/bash
# run.sh: boots whole machines, runs tests/machine/units.bats against each, and counts.
#
# Nothing on this machine changes: a guest is a copy of its base (base.sh) in build/lab/machine, with only a loopback
# network and no right to set the clock, and is shut down cleanly at the end. Where no machine can boot, the tests count
# as skipped, with the reason.
#
# usage: run.sh      environment: MACHINES (bookworm trixie), ONLY (a pattern of test names), BOOT_S and TESTS_S (bounds)
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
TOP=$PWD
export TOP
readonly TESTS=tests/machine/units.bats
MACHINES=${MACHINES:-bookworm trixie}
readonly BOOT_S=${BOOT_S:-240} TESTS_S=${TESTS_S:-1800} POWEROFF_S=90
# shellcheck source-path=SCRIPTDIR source=machine.bash
. tests/machine/machine.bash
nspawn='' bats=''

not_run() {
  local machines tests
  machines=$(wc -w <<<"$MACHINES")
  tests=$(grep -c '^@test' "$TESTS")
  echo "not run: $tests tests of $TESTS on each of $MACHINES: $1"
  echo "0 passed, 0 failed, $((machines * tests)) skipped"
  exit 0
}

# Copies the tree into the guest; objects from an earlier run save a minute.
fill() {
  rm -rf "$root"
  cp -a "$folder/base" "$root"
  mkdir "$root/root/ntp_monitor"
  tar -c --exclude=./build --exclude=./.git . | tar -x -C "$root/root/ntp_monitor"
  chown -R 0:0 "$root/root/ntp_monitor"
  [ ! -d "$folder/built" ] || cp -a "$folder/built" "$root/root/ntp_monitor/build"
  # timesyncd does not start in a container, or where it cannot set the clock; there it has no use, here it does.
  install -D -m 644 /dev/stdin "$root/etc/systemd/system/systemd-timesyncd.service.d/here.conf" <<'END'
[Unit]
ConditionVirtualization=
ConditionCapability=
END
  printf '%s\n' '[Time]' NTP=127.0.0.1 FallbackNTP= PollIntervalMinSec=16 >"$root/etc/systemd/timesyncd.conf"
  printf '%s\n' '[Service]' 'ExecStart=/root/ntp_monitor/build/tests/lab/ntp_server *=+2ms' >"$root/etc/systemd/system/time-server.service"
  echo here >"$root/etc/hostname"
}

# Sets nspawn and MACHINE_LEADER once all services are up.
boot() {
  SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 setsid systemd-nspawn --quiet --register=no --keep-unit --directory="$root" \
    --machine=here --private-network --boot --console=read-only -E SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 \
    -E SYSTEMD_PROC_CMDLINE=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 >"$folder/console" 2>&1 </dev/null &
  nspawn=$!
  machine_until "$BOOT_S" machine_is_up "$nspawn" || {
    cat "$folder/console"
    return 1
  }
}

# Shuts the guest down as its administrator would, and kills it only if that fails.
power_off() {
  [ -n "$nspawn" ] || return 0
  kill "$nspawn" 2>/dev/null
  if ! machine_until "$POWEROFF_S" machine_is_off "$nspawn"; then
    echo "the machine does not power off within $POWEROFF_S s: killed"
    kill -KILL "${MACHINE_LEADER:-$nspawn}" "$nspawn" 2>/dev/null
  fi
  wait "$nspawn" 2>/dev/null
  nspawn=''
}

clean_up() {
  [ -z "$bats" ] || kill "$bats" 2>/dev/null
  power_off
  [ -z "${root-}" ] || rm -rf "$root"
}

passed=0 failed=0 skipped=0
tell() {
  local log=$1 status=$2 ok bad skip planned
  skip=$(grep -cE '^ok .*# ?skip' "$log")
  ok=$(($(grep -c '^ok ' "$log") - skip))
  bad=$(grep -c '^not ok ' "$log")
  # A suite that ended early has failed in every test it did not reach.
  planned=$(sed -n 's/^1\.\.//p' "$log")
  [ "${planned:-0}" -le $((ok + bad + skip)) ] || bad=$((planned - ok - skip))
  [ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  if [ "$bad" = 0 ]; then
    grep -E '^ok .*# ?skip' "$log"
  else
    cat "$log"
  fi
  printf '%-32s %3d passed, %d failed, %d skipped\n' "machine $suite" "$ok" "$bad" "$skip"
}

one_machine() {
  folder=$TOP/build/lab/machine/$suite root=$folder/root
  mkdir -p "$folder"
  log=$folder/log
  : >"$log"
  if ! tests/machine/base.sh "$suite" "$folder" >"$log" 2>&1 || ! fill >>"$log" 2>&1 || ! boot >>"$log" 2>&1; then
    echo "not ok 1 Debian $suite is made and boots" >>"$log"
    tell "$log" 1
  else
    timeout "$TESTS_S" bats --tap ${ONLY:+--filter "$ONLY"} "$TESTS" >"$log" 2>&1 </dev/null &
    bats=$!
    wait "$bats" # a signal interrupts this wait, but not a command in the foreground
    tell "$log" $?
    bats=''
  fi
  power_off
  if [ -d "$root/root/ntp_monitor/build" ]; then
    rm -rf "$folder/built"
    mv "$root/root/ntp_monitor/build" "$folder/built"
  fi
  rm -rf "$root"
}

[ "$(id -u)" = 0 ] || not_run 'not root: sudo make machine'
for tool in systemd-nspawn debootstrap bats; do
  command -v "$tool" >/dev/null || not_run "no $tool here: make check-deps installs it"
done
unshare -mpnf true 2>/dev/null || not_run 'this kernel gives us no namespaces'
mkdir -p build/lab/machine
exec 9>build/lab/machine/lock
flock -w "$TESTS_S" 9 || not_run 'another run in this tree has not ended'
trap clean_up EXIT
trap 'exit 143' TERM INT HUP
for suite in $MACHINES; do
  export MACHINE_SUITE=$suite
  one_machine
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
