# How run.sh and units.bats work with a guest. MACHINE_LEADER is its PID 1, as numbered on this machine.
# shellcheck shell=bash disable=SC2016 # $ is the guest's

readonly GUEST_S=60

# machine_until SECONDS COMMAND...: waits for a condition, up to a limit.
machine_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# guest COMMAND...: runs it inside as root, up to a limit.
guest() {
  timeout "${BOUND_S:-$GUEST_S}" nsenter --target "$MACHINE_LEADER" --mount --pid --uts --net --ipc -- env -i HOME=/root \
    LC_ALL=C.UTF-8 SYSTEMD_PAGER= PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# guest_sh SCRIPT [ARGUMENT...]: the same for shell code, which stops at the first failure.
guest_sh() {
  local script=$1
  shift
  guest sh -euc "$script" sh "$@"
}

# machine_is_up NSPAWN: finds the guest's PID 1, and waits until it has booted.
machine_is_up() {
  MACHINE_LEADER=$(grep -lsx "PPid:	$1" /proc/[0-9]*/status | sed -n '1s|/proc/\([0-9]*\)/.*|\1|p')
  export MACHINE_LEADER
  [ -n "$MACHINE_LEADER" ] && guest systemctl is-system-running --wait 2>/dev/null | grep -qxE 'running|degraded'
}

machine_is_off() {
  ! kill -0 "$1" 2>/dev/null
}

# --- what happened in the guest -------------------------------------------------------------

# mark: remembers the end of the journal, where `journal` starts.
mark() {
  cursor=$(guest journalctl -q -n 1 -o cat --show-cursor | sed -n 's/^-- cursor: //p')
  [ -n "$cursor" ]
}

# journal ARGUMENT...: prints the lines since then. No FIELD=VALUE or -t: --after-cursor of systemd 252 would skip one.
journal() {
  guest journalctl --sync
  guest journalctl -q --no-pager --after-cursor="$cursor" "$@"
}

# entries PROGRAM: prints its entries since then, one JSON object per line.
entries() {
  journal -o json | jq -c --arg program "$1" 'select(.SYSLOG_IDENTIFIER == $program)'
}

# said TEXT [PROGRAM]: one of its lines matches.
said() {
  entries "${2-ntp_monitor}" | jq -r .MESSAGE | grep -E -e "$1" >/dev/null
}

# property UNIT NAME...: prints their values, one per line.
property() {
  local unit=$1 name
  shift
  for name; do
    guest systemctl show --value -p "$name" "$unit"
  done
}

# says_how FILE: prints the commands in the head of an installed example.
says_how() {
  guest_sh 'sed -n "1,/^[^#]/s/^# *sudo //p" "$1"' "$EXAMPLES/$1"
}

# follow FILE: runs them.
follow() {
  local commands
  commands=$(says_how "$1")
  [ -n "$commands" ] || fail "$1 does not say how to use it" || return
  guest_sh "$commands"
}

fail() {
  printf '%s\n' "$@" >&2
  return 1
}
