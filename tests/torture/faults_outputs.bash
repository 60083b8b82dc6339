# faults_outputs.bash: faults of the places reports go to (-o FORMAT=FILE, udp://, http://), and of clients of --inetd.
#
# A report goes to a file that an earlier run wrote, $T/disk/report; that disk must be unchanged afterwards (files() in
# faults_rules.bash), and the verdict is logged in any case.
# shellcheck shell=bash disable=SC2034,SC2154 # the row's own

readonly ASKER=$TOP/tests/torture/faults_asker.pl

# --- files -----------------------------------------------------------------------------------------

# on_disk OPTIONS [NAME]: mounts such a file system, and sends a report to NAME on it.
on_disk() {
  kept=$T/disk
  disk "mode=755,$1" && echo old >"$T/disk/report" && report_to "$T/disk/${2-report}"
}

# report_to TARGET [FORMAT]
report_to() {
  with -o "${2-json}=$1"
  after="logged_all_the_same${after:+ && $after}"
}

logged_all_the_same() {
  lines_of "$T/said" ' INFO NTP healthy, ' 1
}

# Another user's folder: the kernel's answer is changed, as for one of that user's files.
foreign_folder() {
  on_disk size=64k && foreign ed410000 "$T/disk"
}

# whole STATUS [FILE]: a complete new report with this status.
whole() {
  [ "$(jq .exit_status "${2-$T/new}")" = "$1" ] && ! compgen -G "$T/.*ntp_monitor-*"
}

# --- clients ---------------------------------------------------------------------------------------

# asked HOW: runs --inetd over TCP, with the connection as stdin and stdout; HOW is explained in faults_asker.pl. The
# answer is in $T/answer.
asked() {
  args=(--inetd "${args[@]}")
  via+=(perl "$ASKER" "$1" "$T/answer")
}

# answered STATUS [TEXT]: one answer with this status, which has TEXT.
answered() {
  lab_until 5 test -e "$T/answer" && head -n 1 "$T/answer" | grep -q "^HTTP/1.1 $1 " &&
    [ "$(grep -ac '^HTTP/' "$T/answer")" = 1 ] && grep -qa -- "${2-}" "$T/answer"
}
