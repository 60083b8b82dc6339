# faults_outputs.bash: faults of where reports go (-o FORMAT=FILE, udp://, http://), and of who asks by
# --inetd.
#
# A report goes to a file that an earlier run has written, $T/disk/report; what is on that disk must be
# afterwards what it was (files() in faults_rules.bash), and the verdict is logged all the same.
# shellcheck shell=bash disable=SC2034,SC2154 # the row's own

readonly ASKER=$TOP/tests/torture/faults_asker.pl

# --- files -----------------------------------------------------------------------------------------

# on_disk OPTIONS [NAME]: such a file system, and a report to NAME on it.
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

# Somebody else's folder: the kernel's answer is changed, as for a file of theirs.
foreign_folder() {
  on_disk size=64k && foreign ed410000 "$T/disk"
}

# whole STATUS [FILE]: a new report that says so.
whole() {
  [ "$(jq .exit_status "${2-$T/new}")" = "$1" ] && ! compgen -G "$T/.*ntp_monitor-*"
}

# --- who asks --------------------------------------------------------------------------------------

# asked HOW: by --inetd, over TCP, with the connection as stdin and stdout; faults_asker.pl says how. What it got
# is in $T/answer.
asked() {
  args=(--inetd "${args[@]}")
  via+=(perl "$ASKER" "$1" "$T/answer")
}

# answered STATUS [TEXT]: with that and no more, and in it TEXT.
answered() {
  lab_until 5 test -e "$T/answer" && head -n 1 "$T/answer" | grep -q "^HTTP/1.1 $1 " &&
    [ "$(grep -ac '^HTTP/' "$T/answer")" = 1 ] && grep -qa -- "${2-}" "$T/answer"
}
