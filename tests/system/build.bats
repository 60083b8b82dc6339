#!/usr/bin/env bats
# The Makefile, on a copy of the tree: what `make install` installs and `make uninstall` removes; what is rebuilt and
# what is not; how the program is hardened; and what `make deps` and `make check-deps` do with and without apt, where
# stubs stand for apt-get and sudo.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' own names, set in a test

bats_require_minimum_version 1.5.0
load usage

setup_file() {
  [ "${BUILD-build}" = build ] || return 0
  export TREE=$LAB_DIR/tree
  mkdir "$TREE"
  (cd "$TOP" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$TREE"
  # What is current of the tree's own build need not be built again.
  mkdir "$TREE/build"
  (cd "$TOP/build" && tar -c flags left_out plugindir src plugins ntp_monitor libntp_monitor.a) | tar -x -C "$TREE/build"
  unset ONLY MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES CC CFLAGS CPPFLAGS LDFLAGS
  made=$(cd "$TREE" && make -j2 2>&1) || fail "$made"
}

setup() {
  # A sanitized build and one without libsystemd would only repeat this.
  [ "${BUILD-build}" = build ] || skip 'shown by the plain build'
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  cd "$TREE" || return
  unset BUILD ONLY SYSTEMD SANITIZE WERROR PREFIX DESTDIR
}

# Lists every file below a folder with its kind, mode and link target, sorted.
list() {
  (cd "$1" && find . ! -type d -printf '%P %y %m %l\n' | sed 's/ l 777 / l /; s/ $//' | LC_ALL=C sort)
}

# Prints the objects and programs that a make builds, one per line.
builds() {
  make "$@" >"$BATS_TEST_TMPDIR/made" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/made")" || return
  sed -nE 's/^ +(CC|AR|LD) +//p' "$BATS_TEST_TMPDIR/made"
}

# --- installing -----------------------------------------------------------------

# Without libcurl there is no plug-in.
plugin=$'usr/lib/ntp_monitor/http.so f 644\n'
pkg-config --exists libcurl || plugin=
readonly EXAMPLES='cron/ntp_monitor grafana/ntp_monitor-influxdb.json grafana/ntp_monitor-prometheus.json icinga2/ntp_monitor.conf
logrotate/ntp_monitor nagios/nrpe.cfg nagios/ntp_monitor.cfg ntp_monitor.conf.example prometheus/ntp_monitor.rules.test.yml
prometheus/ntp_monitor.rules.yml prometheus/prometheus.yml rsyslog/ntp_monitor-forward.conf rsyslog/ntp_monitor.conf
systemd/influx.conf systemd/loghost.conf systemd/textfile.conf telegraf/ntp_monitor.conf'
# shellcheck disable=SC2086 # words
INSTALLED="usr/bin/ntp-monitor l ntp_monitor
usr/bin/ntp_monitor f 755
${plugin}usr/lib/systemd/catalog/ntp_monitor.catalog f 644
usr/lib/systemd/system/ntp_monitor-http.socket f 644
usr/lib/systemd/system/ntp_monitor-http@.service f 644
usr/lib/systemd/system/ntp_monitor.service f 644
usr/lib/systemd/system/ntp_monitor.timer f 644
usr/lib/sysusers.d/ntp_monitor.conf f 644
$(printf 'usr/share/doc/ntp_monitor/examples/%s f 644\n' $EXAMPLES)
usr/share/man/man1/ntp_monitor.1 f 644
usr/share/man/man5/ntp_monitor.conf.5 f 644"
readonly INSTALLED

@test "install: exactly these files with these modes, whatever the umask, also when repeated" {
  for umask in 022 077; do
    umask "$umask"
    to=$BATS_TEST_TMPDIR/$umask
    for time in first second; do
      expect 0 make install DESTDIR="$to" PREFIX=/usr
      [ "$(list "$to")" = "$INSTALLED" ] || fail "the $time time: $(list "$to")"
    done
    cmp build/ntp_monitor "$to/usr/bin/ntp_monitor"
    cmp ntp_monitor.conf.example "$to/usr/share/doc/ntp_monitor/examples/ntp_monitor.conf.example"
    expect 0 "$to/usr/bin/ntp-monitor" --version
    # Others must be able to enter these folders.
    [ -z "$(find "$to/usr" -type d ! -perm -0755)" ] || fail "$(find "$to" -type d -ls)"
  done
}

@test "install: the default PREFIX is /usr/local" {
  expect 0 make install DESTDIR="$BATS_TEST_TMPDIR/to"
  [ "$(list "$BATS_TEST_TMPDIR/to")" = "${INSTALLED//usr\//usr\/local\/}" ]
}

@test "install: PREFIX replaces /usr/local in every text, and nothing else changes" {
  local file
  expect 0 make install DESTDIR="$BATS_TEST_TMPDIR/to" PREFIX=/opt/my-own
  [ "$(list "$BATS_TEST_TMPDIR/to")" = "${INSTALLED//usr\//opt/my-own/}" ] || fail "$(list "$BATS_TEST_TMPDIR/to")"
  run ! grep -rI /usr/local "$BATS_TEST_TMPDIR/to"
  grep -qx 'ExecStart=/opt/my-own/bin/ntp_monitor' "$BATS_TEST_TMPDIR/to/opt/my-own/lib/systemd/system/ntp_monitor.service"
  find man/*.[15] contrib -type f ! -path 'contrib/images/*' ! -path contrib/README.md | while read -r file; do
    sed 's,/usr/local,/opt/my-own,g' "$file" |
      cmp - "$(find "$BATS_TEST_TMPDIR/to" -path "*${file#contrib}" -o -path "*${file#contrib/systemd}" -o -path "*/man/*/${file##*/}" | grep -m 1 .)"
  done
}

@test "install: into a /usr/local of the test's own, where both names of the program are found" {
  # shellcheck disable=SC2016 # the other shell's
  expect 0 unshare -m sh -c 'mount -t tmpfs tmpfs /usr/local && make install >&2 &&
    PATH=/usr/local/bin:$PATH && command -v ntp_monitor && command -v ntp-monitor &&
    ntp-monitor -V && make uninstall >&2 && find /usr/local ! -type d'
  lines_are "$output" /usr/local/bin/ntp_monitor /usr/local/bin/ntp-monitor 'ntp_monitor [0-9.]+'
}

@test "install: prints the next steps, except into DESTDIR; an enabled timer blocks uninstall" {
  # shellcheck disable=SC2016 # the other shell's
  expect 0 unshare -m sh -c 'mount -t tmpfs tmpfs /usr/local && mkdir -p /etc/systemd/system && mount -t tmpfs tmpfs /etc/systemd/system && make install &&
    ln -s /usr/local/lib/systemd/system/ntp_monitor.timer /etc/systemd/system/ && ! make uninstall &&
    ls /usr/local/lib/systemd/system/ntp_monitor.timer && rm /etc/systemd/system/ntp_monitor.timer && make uninstall'
  [[ $output == *'sudo systemd-sysusers ntp_monitor.conf'*'sudo systemctl enable --now ntp_monitor.timer'* ]] || fail "$output"
  [[ $output == *'first: sudo systemctl disable --now ntp_monitor.timer'* ]] || fail "$output"
  expect 0 make install DESTDIR="$BATS_TEST_TMPDIR/to"
  [[ $output != *systemd-sysusers* ]]
}

@test "install: the installed example changes nothing where the program reads it" {
  expect 0 make install DESTDIR="$BATS_TEST_TMPDIR/to" PREFIX=/usr
  expect 0 as_cron --print-config
  wanted=$output
  cp "$BATS_TEST_TMPDIR/to/usr/share/doc/ntp_monitor/examples/ntp_monitor.conf.example" \
    /etc/ntp_monitor.conf
  expect 0 as_cron --check-config
  lines_are "$output" '0 problems[^0-9]*'
  expect 0 as_cron --print-config
  rm /etc/ntp_monitor.conf
  [ "$output" = "$wanted" ]
}

@test "uninstall: removes everything installed, and nothing else" {
  to=$BATS_TEST_TMPDIR/to
  expect 0 make install DESTDIR="$to" PREFIX=/usr
  touch "$to/usr/bin/other" "$to/usr/share/man/man1/other.1"
  expect 0 make uninstall DESTDIR="$to" PREFIX=/usr
  [ "$(list "$to")" = 'usr/bin/other f 644
usr/share/man/man1/other.1 f 644' ] || fail "$(list "$to")"
  [ ! -e "$to/usr/share/doc/ntp_monitor" ]
  [ -d "$to/usr/share/man/man5" ]
  # Also with nothing installed, and with a foreign file among ours.
  expect 0 make uninstall DESTDIR="$to" PREFIX=/usr
  expect 0 make install DESTDIR="$to" PREFIX=/usr
  touch "$to/usr/share/doc/ntp_monitor/examples/own"
  expect 0 make uninstall DESTDIR="$to" PREFIX=/usr
  [ -e "$to/usr/share/doc/ntp_monitor/examples/own" ]
}

# --- what is built ---------------------------------------------------------------

@test "build: a second make builds nothing" {
  builds >/dev/null # the last build had another PREFIX
  [ -z "$(builds)" ] || fail "$(cat "$BATS_TEST_TMPDIR/made")"
  before=$(find build -type f -printf '%p %T@\n' | LC_ALL=C sort)
  make >/dev/null
  [ "$before" = "$(find build -type f -printf '%p %T@\n' | LC_ALL=C sort)" ]
}

@test "build: a changed header rebuilds what includes it, and no more" {
  touch include/ntp_monitor/utc.h
  made=$(builds)
  for name in base/utc.o log/frame.o format/json.o; do
    grep -qx "build/src/$name" <<<"$made" || fail "$name is not built: $made"
  done
  grep -qx build/ntp_monitor <<<"$made"
  if grep -qx build/src/base/clock.o <<<"$made"; then fail "clock.o does not include it: $made"; fi
  [ -z "$(builds)" ]
}

@test "build: a changed source rebuilds its object; a header that is gone does not stop the build" {
  touch src/base/clock.c
  made=$(builds)
  [ "$made" = 'build/src/base/clock.o
build/libntp_monitor.a
build/ntp_monitor' ] || fail "$made"
  # The dependency file still names a header that is gone.
  echo '/* nothing */' >include/ntp_monitor/passing.h
  sed -i '1i #include "ntp_monitor/passing.h"' src/base/clock.c
  builds >/dev/null
  sed -i 1d src/base/clock.c
  rm include/ntp_monitor/passing.h
  [ "$(builds | head -n 1)" = build/src/base/clock.o ]
}

# A compiler that makes empty files, and keeps its arguments in cc.args: only what make decides to build matters here.
quick_build() {
  # shellcheck disable=SC2016 # the compiler's
  printf '#!/bin/sh\nprintf "%%s\\n" "$@" >>"$0.args"\nwhile [ $# -gt 1 ]; do [ "$1" != -o ] || : >"$2"; shift; done\n' >"$BATS_TEST_TMPDIR/cc"
  chmod +x "$BATS_TEST_TMPDIR/cc"
  quick=(BUILD="$BATS_TEST_TMPDIR/build" CC="$BATS_TEST_TMPDIR/cc")
}

@test "build: changed flags rebuild everything; the same flags again rebuild nothing" {
  all=$(($(ar t build/libntp_monitor.a | wc -l) + 1)) # and main.o
  [ "$all" -ge 30 ]
  quick_build
  for flags in CFLAGS=-g CFLAGS='-O1 -g' CPPFLAGS="'-DPASSING=\"by\"'" CFLAGS=-g; do
    made=$(builds "${quick[@]}" "$flags")
    [ "$(grep -c '\.o$' <<<"$made")" = "$all" ] || fail "$flags: $made"
    [ -z "$(builds "${quick[@]}" "$flags")" ]
  done
  grep -qxF -- '-DPASSING="by"' "$BATS_TEST_TMPDIR/cc.args"
}

@test "build: a new source is linked, and a deleted one no longer is" {
  quick_build
  : >src/passing.c
  builds "${quick[@]}" | grep -qx "$BATS_TEST_TMPDIR/build/src/passing.o"
  ar t "$BATS_TEST_TMPDIR/build/libntp_monitor.a" | grep -qx passing.o
  rm src/passing.c
  builds "${quick[@]}" >/dev/null
  [ "$(ar t "$BATS_TEST_TMPDIR/build/libntp_monitor.a" | grep -cx passing.o)" = 0 ]
}

@test "build: without libsystemd it names what it omits and the packages for it; clean removes what it built" {
  expect 0 make -j2 CFLAGS=-O0 BUILD="$BATS_TEST_TMPDIR/none" PKG_CONFIG=false
  said='left out of this build: timesyncd (libsystemd) http (libcurl); to have it: sudo apt install libsystemd-dev libcurl4-openssl-dev'
  grep -qxF "$said" <<<"$output" || fail "$output"
  # Printed once, not by every make.
  expect 0 make CFLAGS=-O0 BUILD="$BATS_TEST_TMPDIR/none" PKG_CONFIG=false
  [[ $output != *'left out'* ]] || fail "$output"
  # No package is offered for a part switched off by hand.
  rm "$BATS_TEST_TMPDIR/none/left_out"
  expect 0 make CFLAGS=-O0 BUILD="$BATS_TEST_TMPDIR/none" PKG_CONFIG=false CURL=no
  grep -qxF "${said% libcurl4*}" <<<"$output" || fail "$output"
  expect 0 "$BATS_TEST_TMPDIR/none/ntp_monitor" --help=all
  [[ $output == *'left out of this build'* ]]
  expect 0 make BUILD="$BATS_TEST_TMPDIR/none" clean
  [ ! -e "$BATS_TEST_TMPDIR/none" ]
  [ -x build/ntp_monitor ]
}

# --- hardening -------------------------------------------------------------------

@test "hardening: position-independent, all relocations bound and read-only, no executable stack" {
  needs readelf
  expect 0 readelf -hW build/ntp_monitor
  [[ $output =~ Type:\ +DYN ]]
  expect 0 readelf -dW build/ntp_monitor
  [[ $output =~ FLAGS_1.*NOW.*PIE ]]
  [[ $output =~ BIND_NOW|FLAGS.*NOW ]]
  [[ $output != *TEXTREL* && $output != *RPATH* && $output != *RUNPATH* ]]
  expect 0 readelf -lW build/ntp_monitor
  [[ $output == *GNU_RELRO* ]]
  [ "$(awk '$1 == "GNU_STACK" { print $7 }' <<<"$output")" = RW ]
  [ "$(awk '$1 == "LOAD" && $0 ~ / RWE /' <<<"$output")" = '' ]
  # Full RELRO binds nothing lazily, so there is no .got.plt.
  expect 0 readelf -SW build/ntp_monitor
  [[ $output != *' .got.plt '* ]]
}

@test "hardening: stack protector, checked functions, stack clash protection" {
  needs readelf
  expect 0 readelf --dyn-syms -W build/ntp_monitor
  [[ $output == *__stack_chk_fail* ]]
  [[ $output =~ __v?snprintf_chk ]]
  [[ $output != *' gets@'* ]]
  # gcc records its options; clang only when asked to.
  options=$(readelf --debug-dump=info build/src/config/config_file.o | grep DW_AT_producer)
  case $options in
    *clang*) ;; # does not, unless asked
    *)
      [[ $options == *-fstack-clash-protection* && $options == *-fstack-protector-strong* ]] ||
        fail "$options"
      ;;
  esac
  [[ $(make -n -B V=1 build/src/base/clock.o) == *-D_FORTIFY_SOURCE=3*-Werror=format-security* ]] ||
    [[ $(make -n -B V=1 build/src/base/clock.o) == *-Werror=format-security*-D_FORTIFY_SOURCE=3* ]]
}

@test "build: 64-bit times and file sizes on every machine" {
  [[ $(make -n -B V=1 build/src/base/clock.o) == *-D_TIME_BITS=64*-D_FILE_OFFSET_BITS=64* ]]
}

# --- what is needed ----------------------------------------------------------------

# Makes a folder of stubs: each of "$@" only appends its name and arguments to $ran, and its install fails while
# $ran.fails exists.
stubs() {
  ran=$BATS_TEST_TMPDIR/ran
  rm -rf "$BATS_TEST_TMPDIR/path" "$ran"
  mkdir "$BATS_TEST_TMPDIR/path"
  for tool; do
    # shellcheck disable=SC2016 # the stub's
    printf '#!/bin/sh\necho "%s $*" >>"%s"\n[ "$1" != install ] || [ ! -e "%s.fails" ]\n' \
      "$tool" "$ran" "$ran" >"$BATS_TEST_TMPDIR/path/$tool"
    chmod +x "$BATS_TEST_TMPDIR/path/$tool"
  done
}

# Adds a few real tools, but no compiler and nothing else that building needs.
tools() {
  stubs "$@"
  for tool in sh make id cat grep ls; do
    ln -s "$(type -P "$tool")" "$BATS_TEST_TMPDIR/path/$tool"
  done
}

# Runs a command with only that folder in PATH and an empty environment.
needy() {
  env -i PATH="$BATS_TEST_TMPDIR/path" HOME="$HOME" LC_ALL=C "$@"
}

readonly BUILDS='gcc pkg-config libsystemd-dev'
readonly TESTS='bats clang clang-format clang-tidy cppcheck shellcheck mandoc strace valgrind faketime jq'

# No target may install these: each would replace or start a service of this machine.
no_daemon() {
  local daemon
  for daemon in systemd-timesyncd chrony ntp ntpd ntpsec openntpd ntpdate ntpsec-ntpdate linuxptp \
    time-daemon rsyslog syslog-ng syslog-ng-core busybox-syslogd inetutils-syslogd systemd \
    systemd-journal-remote system-log-daemon; do
    [[ " $1 " != *" $daemon "* ]] || fail "names $daemon: $1" || return
  done
}

@test "deps: without apt prints each package and its use, runs nothing, and exits with 0" {
  for target in deps check-deps; do
    tools sudo
    expect 0 needy make --no-print-directory "$target"
    wanted=$BUILDS
    [ "$target" = deps ] || wanted+=" $TESTS"
    for package in $wanted; do
      grep -qE "^ +${package}[[:space:]]+[a-zA-Z].{3,}" <<<"$output" ||
        fail "$package, or what it is for, is missing: $output"
    done
    [[ $output != *'command -v'* ]]
    [[ $output == *'by hand'* ]]
    [ ! -e "$ran" ] || fail "ran $(cat "$ran")"
    no_daemon "$(awk '/^ / { print $1 }' <<<"$output" | tr '\n' ' ')"
  done
}

@test "deps: as root with apt installs the missing packages by name, and nothing else" {
  for target in deps check-deps; do
    tools apt-get dpkg
    expect 0 needy make --no-print-directory "$target"
    [ "$(wc -l <"$ran")" = 1 ] || fail "$(cat "$ran")"
    grep -qE '^apt-get install .*--no-install-recommends' "$ran"
    wanted=$BUILDS
    [ "$target" = deps ] || wanted+=" $TESTS"
    for package in $wanted; do
      grep -qE -- " $package( |\$)" "$ran" || fail "$package is not installed: $(cat "$ran")"
    done
    # libc's headers are here, so libc6-dev must not be installed again.
    [ ! -e /usr/include/stdio.h ] || [ "$(grep -c libc6-dev "$ran")" = 0 ]
    no_daemon "$(cat "$ran")"
    [[ $output == *"installing:"* ]]
  done
  # The same for the packages that are not missing here.
  names=$(sed -nE "s/^(build=|optional=|check=)?'?([a-z0-9.+-]+):.*:.*/\2/p" .ci/packages | tr '\n' ' ')
  [[ " $names " == *' gcc '*' bats '* ]]
  no_daemon "$names"
}

@test "deps: a failed download is retried once with new package lists, and then fails" {
  tools apt-get dpkg
  touch "$ran.fails"
  expect 2 needy make --no-print-directory deps
  [ "$(cut -d ' ' -f 2 "$ran" | tr '\n' ' ')" = 'install update install ' ] || fail "$(cat "$ran")"
  rm "$ran.fails"
}

@test "deps: names the optional packages, and installs them only for the tests" {
  tools apt-get dpkg
  expect 0 needy make --no-print-directory deps
  [[ $output == *'optional, and left alone; to have it: sudo apt install libcurl4-openssl-dev'* ]] || fail "$output"
  run ! grep -q libcurl "$ran"
  rm "$ran"
  expect 0 needy make --no-print-directory check-deps
  grep -q ' libcurl4-openssl-dev' "$ran"
}

@test "deps: an ordinary user goes through sudo, or is shown the command for root" {
  tools apt-get dpkg sudo
  expect 0 lab_as_user env -i PATH="$BATS_TEST_TMPDIR/path" make --no-print-directory deps
  grep -q '^sudo apt-get install ' "$ran"
  [ "$(grep -c '^apt-get' "$ran")" = 0 ]
  tools apt-get dpkg
  expect 2 lab_as_user env -i PATH="$BATS_TEST_TMPDIR/path" make --no-print-directory deps
  [[ $output == *'as root: apt-get install '*gcc* ]]
  [ ! -e "$ran" ]
}

@test "deps: runs nothing when nothing is missing" {
  stubs apt-get dpkg sudo
  for target in deps check-deps; do
    expect 0 make --no-print-directory "$target" PATH="$BATS_TEST_TMPDIR/path:$PATH"
    [ "$target" = deps ] || [[ $output != *'missing here'* ]] || skip "here is missing: $output"
    lines_are "$output" '.*nothing is missing'
    [ ! -e "$ran" ] || fail "ran $(cat "$ran")"
  done
}

@test "deps: builds nothing; in 'make deps all' tools are looked for after deps has run" {
  tools apt-get dpkg
  expect 0 needy make --no-print-directory -n deps
  [[ $output == *.ci/packages* ]]
  [[ $output != *' -o '* ]]
  # The goals after deps run in a new make, which sees what deps installed.
  expect 0 make --no-print-directory deps all
  [ "$(builds)" = '' ]
}

# --- the first reading -----------------------------------------------------------------

@test "run: without a time service here, reports that and then shows one in the sandbox" {
  ln -s "$TOP/build/lab" build/lab
  expect 0 sh -c 'make --no-print-directory run 2>&1'
  rm build/lab
  in_order "$output" '^UNKNOWN  NTP jitter unavailable' 'sandbox' '^OK  NTP healthy' '^  source +timesyncd' \
    "^That was the sandbox's clock" 'build/ntp_monitor -d' || fail "$output"
  if grep -q 'debug: ' <<<"$output"; then fail "the trace is for -d: $output"; fi
}

# --- some of the tests ---------------------------------------------------------------

@test "tests: make unit ONLY= builds only the programs it names" {
  expect 0 make --no-print-directory -n unit ONLY='^test_dur'
  [ "$(sed -nE "s/.* 'CC' .*test_([a-z_]+)'.*/\1/p" <<<"$output" | sort | tr '\n' ' ')" = 'duration duration_print ' ] ||
    fail "$output"
  [[ $output == *"ONLY='^test_dur' tests/run.sh build/tests/unit/test_duration build/tests/unit/test_duration_print" ]]
}

@test "tests: make test FILE= runs one suite by name, and builds what it needs" {
  expect 0 make --no-print-directory -n test FILE=docs
  [[ $output == *"tests/run.sh tests/system/docs.bats" && $output != */test_* ]] || fail "$output"
  expect 0 make --no-print-directory -n test FILE=tests/unit/test_duration.c
  [[ $output == *"tests/run.sh build/tests/unit/test_duration" && $output != *unpack.sh* ]] || fail "$output"
  expect 2 make --no-print-directory test FILE=duratoin
  [[ $output == "make test FILE=NAME runs one suite; 'duratoin' is none of them."*' duration '*' sweep '* ]] || fail "$output"
}

@test "tests: a suite is not started when ONLY matches none of its tests" {
  # Each would fail here without its lab; starting all labs for nothing used to take most of the time.
  suites=(tests/system/auto.bats tests/torture/{faults,hang,soak,sweep}.sh tests/fuzz/fuzz.sh)
  run env BUILD=build ONLY='no test of this name' tests/run.sh "${suites[@]}"
  [ "$output" = '0 passed, 0 failed, 0 skipped' ] || fail "$output"
  [ -z "$(ls build/tests/logs)" ]
  for suite in "${suites[@]:1}"; do
    names=$("$suite" --list)
    [ "$(wc -l <<<"$names")" -ge 6 ] || fail "$suite --list: $names"
  done
  run env BUILD=build ONLY='^auto: ' tests/run.sh "${suites[@]}"
  [ "$(ls build/tests/logs)" = $'auto.bats\nauto.bats.status\nauto.bats.told' ] || fail "$(ls build/tests/logs)"
}

@test "tests: an unsupported folder name is reported at once; building works there" {
  for name in 'with a blank' "it's" '50%' 'a:b' '#'; do
    mkdir -p "$BATS_TEST_TMPDIR/$name"
    cp -r "$TREE"/{Makefile,src,include,tests,.ci} "$BATS_TEST_TMPDIR/$name"
    cd "$BATS_TEST_TMPDIR/$name" || return
    for goals in check 'check-deps check' 'deps run' unit 'test FILE=docs'; do
      # shellcheck disable=SC2086 # words
      expect 2 make --no-print-directory $goals
      [[ "$output$stderr" == *"the path of this folder has a blank or a special character"* ]] || fail "$output$stderr"
      [ ! -e build ] || fail "$goals built something"
    done
    expect 0 make -n all
  done
}

@test "tests: root in a tree that only its owner can enter gets an explanation" {
  mkdir -p "$LAB_DIR/private/build/lab/root/check" "$LAB_DIR/private/build/tests/lab" "$BATS_TEST_TMPDIR/path"
  cp -r "$TREE/tests" "$LAB_DIR/private"
  cp "$TOP/build/tests/lab/loopback_up" "$LAB_DIR/private/build/tests/lab"
  # The lab has one user and so no foreign files: a stub stands in for the kernel's answer.
  printf '#!/bin/sh\ncase "$*" in *"test -r"*) exit 1 ;; esac\nexec %q "$@"\n' "$(type -P unshare)" >"$BATS_TEST_TMPDIR/path/unshare"
  chmod +x "$BATS_TEST_TMPDIR/path/unshare"
  PATH=$BATS_TEST_TMPDIR/path:$PATH expect 70 "$LAB_DIR/private/tests/lab/enter.sh" true
  [[ $stderr == "lab: $LAB_DIR/private lies in a folder that only another user may enter"* ]] || fail "$stderr"
}

@test "tests: shared memory of a lab, as for chronyd's and ntpd's reference clocks, is private and ends with it" {
  cd "$TOP" # this lab's copy of the tree is not visible in the other's /run
  expect 0 "$TOP/tests/lab/enter.sh" sh -c 'ipcmk -M 4096 && wc -l </proc/sysvipc/shm'
  lines_are "$output" 'Shared memory id: [0-9]+' 2
  [ "$(wc -l </proc/sysvipc/shm)" = 1 ] || fail "$(cat /proc/sysvipc/shm)"
}
