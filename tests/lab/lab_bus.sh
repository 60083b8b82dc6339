#!/bin/bash
# lab_bus.sh: part of lab.sh: a message bus, systemd-timesyncd on it, and the NTP servers it asks.
#
#   lab_bus_start [-s SOCKET] [-a TRACE] [-d]
#       a real dbus-daemon as the system bus, at /run/dbus/system_bus_socket or SOCKET, and
#       DBUS_SYSTEM_BUS_ADDRESS exported to name it. With -a activating timesync1 creates the file
#       TRACE; with -d the bus denies all calls to timesync1.                 (daemon name: bus)
#   lab_timesyncd_start [KEY=VALUE...]     lines of [Time]; default NTP=127.0.0.1  (timesyncd)
#   lab_ntp_start [RULE...]                ntp_server on port 123; rules as its usage says (ntp)
#   lab_ntp_set [RULE...]                  replaces the rules of the running one
#   lab_replies COUNT [ADDRESS...]
#       makes timesyncd ask until it has COUNT replies, at the addresses in turn (default: new
#       ones in 127.0.0.0/8). Consecutive ones must differ. Ten replies take 0.3 s; the eleventh
#       comes ten seconds after the first, since timesyncd slows down there: for more, and for a
#       fresh jitter, lab_stop timesyncd and start it again (0.1 s).
#       Jitter is relative to the reply with the least delay: give an outlier a longer one
#       ('127.0.9.9=+6s,delay=30ms'), or its own offset may become the reference.
#   lab_packet_count                       timesyncd's count of its replies
#   lab_fake_start [SETTING...]            fake_timesync1 instead of timesyncd      (fake)
#   lab_bad_bus_start MODE [SOCKET]        bad_bus at SOCKET, and the variable exported (bad_bus)
#   lab_bus_owned NAME                     true while someone owns this name

lab_bus_config() {
  local socket=$1 trace=$2 deny=$3 services=$LAB_DIR/services
  cat <<XML
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$socket</listen>
  <auth>EXTERNAL</auth>
  <apparmor mode="disabled"/>
XML
  if [ -n "$trace" ]; then
    mkdir -p "$services"
    printf '#!/bin/sh\necho "activated" >>%q\nexit 1\n' "$trace" >"$services/activated"
    chmod +x "$services/activated"
    printf '[D-BUS Service]\nName=org.freedesktop.timesync1\nExec=%s\nUser=root\n' \
      "$services/activated" >"$services/org.freedesktop.timesync1.service"
    echo "  <servicedir>$services</servicedir>"
  fi
  cat <<XML
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>$LAB_ROOT/usr/share/dbus-1/system.d/org.freedesktop.timesync1.conf</include>
XML
  if [ -n "$deny" ]; then
    echo '  <policy context="mandatory">'
    echo '    <deny send_destination="org.freedesktop.timesync1"/>'
    echo '  </policy>'
  fi
  echo '</busconfig>'
}

lab_bus_start() {
  local option socket=/run/dbus/system_bus_socket trace='' deny='' OPTIND=1
  while getopts s:a:d option; do
    case $option in
      s) socket=$OPTARG ;;
      a) trace=$OPTARG ;;
      d) deny=yes ;;
      *) return 2 ;;
    esac
  done
  mkdir -p "$(dirname "$socket")"
  rm -f "$socket"
  lab_bus_config "$socket" "$trace" "$deny" >"$LAB_DIR/bus.conf"
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$socket
  lab_spawn bus dbus-daemon --config-file="$LAB_DIR/bus.conf" --nofork --nopidfile --nosyslog &&
    lab_ready bus 5 lab_bus_call -d org.freedesktop.DBus / org.freedesktop.DBus.GetId >/dev/null
}

# lab_bus_call -d DESTINATION PATH METHOD [ARGUMENT...]: arguments as for dbus-send.
lab_bus_call() {
  local destination=$2
  shift 2
  dbus-send --system --print-reply --dest="$destination" "$@" 2>>"$LAB_DIR/log/dbus-send"
}

lab_bus_owned() {
  lab_bus_call -d org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner "string:$1" |
    grep -q 'boolean true'
}

lab_timesyncd_start() {
  [ $# -gt 0 ] || set -- NTP=127.0.0.1
  printf '%s\n' '[Time]' FallbackNTP=127.0.0.1 "$@" >/etc/systemd/timesyncd.conf.d/lab.conf
  SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console lab_spawn timesyncd systemd-timesyncd &&
    lab_ready timesyncd 10 lab_bus_owned org.freedesktop.timesync1
}

lab_ntp_start() {
  lab_ntp_set "$@"
  lab_spawn ntp "$LAB_BUILT/ntp_server" -c "$LAB_DIR/ntp.rules" &&
    lab_ready ntp 5 grep -qsx ready "$LAB_DIR/log/ntp"
}

lab_ntp_set() {
  printf '%s\n' "$@" >"$LAB_DIR/ntp.rules.new"
  mv "$LAB_DIR/ntp.rules.new" "$LAB_DIR/ntp.rules"
}

# lab_packet_count [VARIABLE]: as lab_uptime_ms; the last in timesyncd's log, which is cheaper than to ask over the bus.
lab_packet_count() {
  local log last=0
  IFS= read -rd '' log <"$LAB_DIR/log/timesyncd" || true
  log=${log##*packet count : }
  [[ ! $log =~ ^[0-9]+ ]] || last=${BASH_REMATCH[0]}
  if [ $# -gt 0 ]; then printf -v "$1" %s "$last"; else echo "$last"; fi
}

lab_packet_count_reached() {
  local reached
  lab_packet_count reached
  [ "$reached" -ge "$1" ]
}

# timesyncd asks a newly set server at once.
lab_ask() {
  lab_bus_call -d org.freedesktop.timesync1 /org/freedesktop/timesync1 \
    org.freedesktop.timesync1.Manager.SetRuntimeNTPServers "array:string:$1" >/dev/null
}

lab_new_address() {
  local last=1
  [ ! -e "$LAB_DIR/last_address" ] || last=$(cat "$LAB_DIR/last_address")
  echo $((last + 1)) >"$LAB_DIR/last_address"
  echo "127.0.$((last / 250)).$((last % 250 + 1))"
}

lab_replies() {
  local wanted=$1 count address turn=0
  shift
  # A daemon just started has already asked; that answer is the first.
  lab_until 2 lab_packet_count_reached 1 2>/dev/null || true
  lab_packet_count count
  while [ "$count" -lt "$wanted" ]; do
    if [ $# -gt 0 ]; then
      address=${*:$((turn++ % $# + 1)):1}
    else
      address=$(lab_new_address)
    fi
    lab_ask "$address" && lab_until 15 lab_packet_count_reached $((count + 1)) || return
    lab_packet_count count
  done
}

lab_fake_start() {
  lab_spawn fake "$LAB_BUILT/fake_timesync1" "$@" &&
    lab_ready fake 5 lab_bus_owned org.freedesktop.timesync1
}

lab_bad_bus_start() {
  local mode=$1 socket=${2-$LAB_DIR/bad_bus}
  rm -f "$socket"
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$socket
  lab_spawn bad_bus "$LAB_BUILT/bad_bus" "$mode" "$socket" &&
    lab_until 5 grep -qsx ready "$LAB_DIR/log/bad_bus"
}
