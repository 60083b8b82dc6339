# faults_service.bash: faults of what is asked: the bus, timesyncd, far machines, containers, texts.
#
# A provoker changes the machine, or how the program is started (see fresh() in faults.sh). It fails if it cannot do its
# work here, and returns 3 if it is not for this build; either way it says why.
# shellcheck shell=bash disable=SC2034,SC2154 # T and others are the row's own

# with ARGUMENT...: adds arguments of the program.
with() {
  args+=("$@")
}

# within MILLISECONDS [ARGUMENT...]: sets the deadline, for faults that use all of it.
within() {
  limit_ms=$1
  with -t "$1ms" "${@:2}"
}

# --- the bus ---------------------------------------------------------------------------------------

bus_gone() {
  undo 'rm -rf /run/dbus && mv /run/dbus.gone /run/dbus'
  mv /run/dbus /run/dbus.gone
}

# bus_is COMMAND...: makes something else at the socket's path, which is appended to the command.
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

# A bus whose policy forbids all calls to timesync1, with a service to call.
denying_bus() {
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$LAB_DIR/denying
  lab_bus_config "$LAB_DIR/denying" "$STARTED" deny >"$LAB_DIR/denying.conf"
  lab_spawn denying dbus-daemon --config-file="$LAB_DIR/denying.conf" --nofork --nopidfile --nosyslog &&
    lab_ready denying 5 test -S "$LAB_DIR/denying" && lab_fake_start && bus_address "$DBUS_SYSTEM_BUS_ADDRESS"
}

# trap_at FILE: makes a program that must not run, and sets $after to check that.
trap_at() {
  # shellcheck disable=SC2016 # the other shell's
  printf '#!/bin/sh\n: >"$0.ran"\n' >"$1"
  chmod +x "$1"
  after="! test -e '$1.ran'"
}

# True while a connection waits for the bus to accept it: state 02 in /proc/net/unix.
waiting_at_bus() {
  awk '$6 == "02" && $8 ~ /system_bus_socket$/ { found = 1 } END { exit !found }' /proc/net/unix
}

# --- timesyncd -------------------------------------------------------------------------------------

stopped() {
  lab_stop timesyncd
  changed
}

# new_timesyncd REPLIES RULE...: starts one whose servers follow these rules.
new_timesyncd() {
  local replies=$1
  shift
  stopped
  lab_ntp_set "$@" && away lab_timesyncd_start && { [ "$replies" = 0 ] || lab_replies "$replies"; }
}

# at_question COMMAND: runs it once the call for timesyncd, which is frozen, has reached the bus.
at_question() {
  changed
  lab_freeze timesyncd && lab_spawn calls busctl monitor org.freedesktop.timesync1 &&
    lab_ready calls 5 grep -qs Monitoring "$LAB_DIR/log/calls" || return
  during="lab_line '$LAB_DIR/log/calls' Member=GetAll && $1"
}

# fake MODE [SETTING...]: starts a timesyncd that answers this way.
fake() {
  second_bus
  lab_fake_start "$@"
}

# bytes TEXT: prints arbitrary bytes in fake_timesync1's form.
bytes() {
  printf '0x%s' "$(printf '%b' "$1" | od -An -v -tx1 | tr -d ' \n')"
}

# --- far machines and containers -------------------------------------------------------------------

# fake_ssh COMMAND: makes an ssh that does this.
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

# container [LEADER]: registers one as systemd-machined would; its bus is the second.
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

# text LINE...: makes a reading of these lines (with escapes like \x1b).
text() {
  printf '%b\n' "$@" >"$T/reading"
  with -s "text:$T/reading"
}

# good_text [NAME=VALUE...]: makes a complete reading, with these values.
good_text() {
  reading "$@"
  with -s "text:$T/reading"
}

# A pipe without data or end.
silent_text() {
  mkfifo "$T/silent"
  exec {silent}<>"$T/silent"
  with -s "text:$T/silent"
}
