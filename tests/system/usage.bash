# Shared by the tests from outside: how the program is run, and what it printed and logged.
# shellcheck shell=bash disable=SC2034,SC2154 # bats' $status, $output, $stderr; the tests' names

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# Tests under strace, faketime or a limited address space do not work with sanitizers.
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

# Runs its arguments, sets $output and $stderr, and fails unless the exit status is $1.
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

# Runs the program with nothing from this environment; the caller sets HOME.
bare() {
  env -i "$@" </dev/null
}

# Runs it as cron does: a few variables, no terminal, nothing to read.
as_cron() {
  bare HOME="$HOME" LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin "$PROG" "$@"
}

# Runs a command line for /bin/sh on a pseudo-terminal of its own, and prints what appears there. A redirection in the
# command line sends one of its outputs elsewhere.
on_terminal() {
  # shellcheck disable=SC2016 # the other shell's
  SHELL=/bin/sh TERM=xterm script -qec "$1" /dev/null </dev/null |
    tr -d '\r' | sed -z 's/\n    / /g' # undoes the line breaks between words
  return "${PIPESTATUS[0]}"
}

silent() {
  [ -z "$output$stderr" ] || fail "not silent:
--- stdout
$output
--- stderr
$stderr"
}

# Fails unless $1 has exactly one line for each further argument, an extended regular expression for the whole line.
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

# Fails unless $1 has matching lines in this order, possibly with others in between.
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

# Starts an empty rsyslogd, with the arguments of lab_rsyslogd_start.
start_log() {
  rm -f "$LAB_DIR/logged"
  lab_rsyslogd_start "$@"
}

# Prints what rsyslogd got at /dev/log since the last call, each line as PRI MESSAGE; a mark of our own, which arrives
# after everything else, ends it. A line not of the form <PRI>Mmm dd hh:mm:ss ntp_monitor[PID]: is printed unchanged.
logged() {
  local raw=$LAB_DIR/rsyslog.raw mark=mark-$RANDOM-$RANDOM from=0
  [ ! -e "$LAB_DIR/logged" ] || from=$(cat "$LAB_DIR/logged")
  logger --socket /dev/log "$mark" && lab_line "$raw" "$mark" >/dev/null || return
  tail -n "+$((from + 1))" "$raw" | grep -vE 'mark-|rsyslogd: ' |
    sed -E 's/^<([0-9]+)>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} ntp_monitor\[[0-9]+\]: /\1 /'
  wc -l <"$raw" >"$LAB_DIR/logged"
}

# Writes a text reading of these lines, and prints its path.
reading() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/reading"
  echo "$BATS_TEST_TMPDIR/reading"
}
