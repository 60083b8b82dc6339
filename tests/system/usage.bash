# What the tests of the program's outside share: how it is run, and what was said where.
# shellcheck shell=bash disable=SC2034,SC2154 # bats' $status, $output, $stderr; the tests' names

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# Rows driven by strace, faketime or a limit of the address space are of no use to a sanitizer.
plain_build_only() {
  case ${BUILD-} in
    *asan*) skip "plain build only: $1" ;;
  esac
}

needs() {
  local program
  for program; do
    type -P "$program" >/dev/null || skip "no $program here"
  done
}

# Runs the rest with $output and $stderr apart; fails unless the exit status is $1.
expect() {
  local wanted=$1
  shift
  run --separate-stderr "$@"
  [ "$status" = "$wanted" ] || fail "status $status instead of $wanted of: $*
--- stdout
$output
--- stderr
$stderr"
}

# The program with nothing from this shell around it; the caller says what HOME is.
bare() {
  env -i "$@" </dev/null
}

# As cron starts a job: its few variables, no terminal, nothing to read.
as_cron() {
  bare HOME="$HOME" LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin "$PROG" "$@"
}

# As a person at a terminal does: a command line for /bin/sh on a pseudo-terminal of its own, and
# what appeared there. A redirection in the command line takes one of its outputs elsewhere.
on_terminal() {
  # shellcheck disable=SC2016 # the other shell's
  SHELL=/bin/sh TERM=xterm script -qec "$1" /dev/null </dev/null |
    tr -d '\r' | sed -z 's/\n    / /g' # as it was before it was broken at words
  return "${PIPESTATUS[0]}"
}

silent() {
  [ -z "$output$stderr" ] || fail "not silent:
--- stdout
$output
--- stderr
$stderr"
}

# Fails unless $1 is as long as the further arguments, each an extended regular expression for a
# whole line.
lines_are() {
  local text=$1 line
  shift
  while [ $# -gt 0 ]; do
    line=${text%%$'\n'*}
    [[ $line =~ ^($1)$ ]] || fail "this line: $line
should be: $1" || return
    if [ "$line" = "$text" ]; then text=''; else text=${text#*$'\n'}; fi
    shift
  done
  [ -z "$text" ] || fail "and that is too much: $text"
}

# Fails unless lines that match stand in $1 in this order, with others between them or none.
in_order() {
  local text=$1 wanted line found
  shift
  for wanted; do
    found=
    while [ -n "$text" ] && [ -z "$found" ]; do
      line=${text%%$'\n'*}
      if [ "$line" = "$text" ]; then text=''; else text=${text#*$'\n'}; fi
      if [[ $line =~ $wanted ]]; then found=yes; fi
    done
    [ -n "$found" ] || fail "no line, or none at this place: $wanted" || return
  done
}

# A new rsyslogd, as lab_rsyslogd_start takes it, that has got nothing yet.
start_log() {
  rm -f "$LAB_DIR/logged"
  lab_rsyslogd_start "$@"
}

# What rsyslogd got at /dev/log since the last call, each line as PRI MESSAGE; a line of the test's
# own, which arrives behind all others, tells when that is all. A line of the program in another
# form than <PRI>Mmm dd hh:mm:ss ntp_monitor[PID]: stays as it is.
logged() {
  local raw=$LAB_DIR/rsyslog.raw mark=mark-$RANDOM-$RANDOM from=0
  [ ! -e "$LAB_DIR/logged" ] || from=$(cat "$LAB_DIR/logged")
  logger --socket /dev/log "$mark" && lab_line "$raw" "$mark" >/dev/null || return
  tail -n "+$((from + 1))" "$raw" | grep -vE 'mark-|rsyslogd: ' |
    sed -E 's/^<([0-9]+)>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} ntp_monitor\[[0-9]+\]: /\1 /'
  wc -l <"$raw" >"$LAB_DIR/logged"
}

# The reading that a text of these lines is; the file's name.
reading() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/reading"
  echo "$BATS_TEST_TMPDIR/reading"
}
