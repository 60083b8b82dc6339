#!/bin/bash
# demo.sh: runs a program where a time service is running, for machines that have none.
#
# A container or a fresh virtual machine keeps no time, but a newcomer should still see a real reading: from a real
# systemd-timesyncd with nine replies of NTP servers, on a bus of its own, inside the lab of enter.sh. The machine's
# clock and services are not touched.
#
# usage: demo.sh PROGRAM [ARGUMENT...]
# Exits with the program's status; 77 if this kernel forbids the lab, 70 if it could not be set up.
set -u

readonly CANNOT=70
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Servers that agree within a millisecond, over a network with a delay of some milliseconds.
start_service() {
  # shellcheck source-path=SCRIPTDIR source=lab.sh
  . "$here/lab.sh"
  local number rules=() names=() offsets_us=(310 -120 240 -80 150 -260 90 -40 180)
  for number in {1..9}; do
    rules+=("127.0.0.$number=offset=${offsets_us[number - 1]}us,delay=${number}ms,stratum=2")
    names+=("ntp$number.example.org")
    echo "127.0.0.$number ntp$number.example.org" >>/etc/hosts
  done
  lab_bus_start && lab_ntp_start "${rules[@]}" && lab_timesyncd_start NTP=ntp1.example.org &&
    lab_replies 9 "${names[@]:1}"
}

run_inside() {
  # The daemons' output matters only when something fails.
  if ! start_service 2>/run/lab/log/demo; then
    cat /run/lab/log/demo >&2
    lab_logs >&2
    exit "$CANNOT"
  fi
  "$@"
}

if [ "${1-}" = --inside ]; then
  shift
  run_inside "$@"
elif [ $# -gt 0 ]; then
  echo 'No reading of this machine. Here is one of a real systemd-timesyncd in a sandbox (nothing is installed).'
  "$here/unpack.sh" demo >/dev/null || exit "$CANNOT"
  exec "$here/enter.sh" "$BASH" "${BASH_SOURCE[0]}" --inside "$@"
else
  echo 'usage: demo.sh PROGRAM [ARGUMENT...]' >&2
  exit "$CANNOT"
fi
