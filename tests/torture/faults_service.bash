# faults_service.bash: faults of what is asked: the bus, timesyncd, far machines, containers, texts.
#
# A provoker changes the machine, or how the program is started (fresh() in faults.sh says what there is). It
# fails when it cannot do its work here, and returns 3 when it is not for this build; either way it says why.
# shellcheck shell=bash disable=SC2034,SC2154 # T and others are the row's own

# with ARGUMENT...: of the program.
with() {
  args+=("$@")
}

# within MILLISECONDS [ARGUMENT...]: for faults that take the whole time.
within() {
  limit_ms=$1
  with -t "$1ms" "${@:2}"
}

# --- the bus ---------------------------------------------------------------------------------------

bus_gone() {
  undo 'rm -rf /run/dbus && mv /run/dbus.gone /run/dbus'
  mv /run/dbus /run/dbus.gone
}

# bus_is COMMAND...: it makes something else at the path that is the last argument's.
bus_is() {
  bus_gone && mkdir /run/dbus && "$@" /run/dbus/system_bus_socket
}

bus_address() {
  vars+=("DBUS_SYSTEM_BUS_ADDRESS=$1")
}

second_bus() {
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$LAB_DIR/second
  bus_address "$DBUS_SYSTEM_BUS_ADDRESS"
}

bad_bus() {
  lab_bad_bus_start "$1" && bus_address "$DBUS_SYSTEM_BUS_ADDRESS"
}

# A bus with a policy that forbids all calls to timesync1, and someone to call.
denying_bus() {
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$LAB_DIR/denying
  lab_bus_config "$LAB_DIR/denying" "$STARTED" deny >"$LAB_DIR/denying.conf"
  lab_spawn denying dbus-daemon --config-file="$LAB_DIR/denying.conf" --nofork --nopidfile --nosyslog &&
    lab_ready denying 5 test -S "$LAB_DIR/denying" && lab_fake_start && bus_address "$DBUS_SYSTEM_BUS_ADDRESS"
}

# trap_at FILE: a program that must not be run, and what is true while it was not.
trap_at() {
  # shellcheck disable=SC2016 # the other shell's
  printf '#!/bin/sh\n: >"$0.ran"\n' >"$1"
  chmod +x "$1"
  after="! test -e '$1.ran'"
}

# A connection waits to be accepted by the bus: state 02 of proc(5)'s list.
waiting_at_bus() {
  awk '$6 == "02" && $8 ~ /system_bus_socket$/ { found = 1 } END { exit !found }' /proc/net/unix
}

# --- timesyncd -------------------------------------------------------------------------------------

stopped() {
  lab_stop timesyncd
  changed
}

# new_timesyncd REPLIES RULE...: one just started, whose servers keep to these rules.
new_timesyncd() {
  local replies=$1
  shift
  stopped
  lab_ntp_set "$@" && away lab_timesyncd_start && { [ "$replies" = 0 ] || lab_replies "$replies"; }
}

# at_question COMMAND: done when the question for timesyncd, which is frozen, has come to the bus.
at_question() {
  changed
  lab_freeze timesyncd && lab_spawn calls busctl monitor org.freedesktop.timesync1 &&
    lab_ready calls 5 grep -qs Monitoring "$LAB_DIR/log/calls" || return
  during="lab_line '$LAB_DIR/log/calls' Member=GetAll && $1"
}

# fake MODE [SETTING...]: a timesyncd that answers so.
fake() {
  second_bus
  lab_fake_start "$@"
}

# bytes TEXT: as fake_timesync1 takes any bytes.
bytes() {
  printf '0x%s' "$(printf '%b' "$1" | od -An -v -tx1 | tr -d ' \n')"
}

# --- elsewhere -------------------------------------------------------------------------------------

# fake_ssh COMMAND: what ssh does.
fake_ssh() {
  mkdir "$T/bin"
  printf '#!/bin/sh\necho $$ >%q\n%s\n' "$T/ssh.pid" "$1" >"$T/bin/ssh"
  chmod +x "$T/bin/ssh"
  vars+=("PATH=$T/bin:$PATH")
}

no_ssh() {
  mkdir "$T/bin"
  vars+=("PATH=$T/bin")
}

# container [LEADER]: what systemd-machined writes of one; its bus is the second.
container() {
  mkdir -p "$T/dbus" /run/systemd/machines
  ln "$LAB_DIR/second" "$T/dbus/system_bus_socket"
  if [ $# = 0 ]; then
    lab_spawn box unshare -m sh -c "mount --bind '$T/dbus' /run/dbus && echo ready && exec sleep 100" &&
      lab_ready box 5 grep -qs ready "$LAB_DIR/log/box" || return
  fi
  printf '%s\n' NAME=box CLASS=container "LEADER=${1-$(lab_pid box)}" >/run/systemd/machines/box
}

# --- texts -----------------------------------------------------------------------------------------

# text LINE...: a reading of these lines (with \x1b and the like).
text() {
  printf '%b\n' "$@" >"$T/reading"
  with -s "text:$T/reading"
}

# good_text [NAME=VALUE...]: one that is whole, but for these.
good_text() {
  reading "$@"
  with -s "text:$T/reading"
}

# A pipe that nobody writes to and nobody closes.
silent_text() {
  mkfifo "$T/silent"
  exec {silent}<>"$T/silent"
  with -s "text:$T/silent"
}
