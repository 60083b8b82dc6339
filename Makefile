# ntp_monitor: build, install, test.
#
#   make                    the program: build/ntp_monitor
#   make deps run           what building needs, then a first reading of this machine
#   make check-deps check   what testing needs, then the tests
#   make unit ONLY=duration, make test FILE=docs     some of the tests
#
# Variables: CC, CFLAGS, PREFIX, DESTDIR; SYSTEMD=no omits sd-bus, CURL=no the plug-in http; SANITIZE=1 builds with ASan
# and UBSan; WERROR=1 makes warnings errors; BUILD is the folder to build in.

BUILD ?= build
PREFIX ?= /usr/local
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
PLUGINDIR = $(PREFIX)/lib/ntp_monitor
EXAMPLEDIR = $(PREFIX)/share/doc/ntp_monitor/examples
# systemd reads these only below /usr/local and /usr.
CATALOGDIR = $(PREFIX)/lib/systemd/catalog
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
VERSION := 1.0.0
PKG_CONFIG ?= pkg-config
INSTALL ?= install

.DEFAULT_GOAL := all

# One line per file; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# Only building and installing work in a folder of any name: the lab and the tests use it in commands and in
# LD_LIBRARY_PATH.
ifneq ($(filter-out all install uninstall clean deps check-deps,$(MAKECMDGOALS)),)
ifneq ($(shell pwd | LC_ALL=C tr -d 'A-Za-z0-9/._+@,=~\n\200-\377-' | wc -c),0)
  $(error the path of this folder has a blank or a special character, which `make $(MAKECMDGOALS)` does not \
    support: move the folder ($(CURDIR)))
endif
endif

# --- dependencies -------------------------------------------------------------

.PHONY: deps check-deps
deps:
	@CC='$(CC)' .ci/packages build
check-deps:
	@CC='$(CC)' .ci/packages check

FIRST := $(filter deps check-deps,$(MAKECMDGOALS))
THEN := $(filter-out deps check-deps,$(MAKECMDGOALS))
ifneq ($(and $(FIRST),$(THEN)),)
# `make deps run`: a make of its own looks for libraries after they were installed.
.PHONY: $(THEN)
$(THEN): $(FIRST)
	+@$(MAKE) --no-print-directory $@
else

# --- libraries ------------------------------------------------------------

ifndef SYSTEMD
  SYSTEMD := $(shell $(PKG_CONFIG) --exists libsystemd 2>/dev/null && echo yes || echo no)
  SYSTEMD_PACKAGE := libsystemd-dev
endif

ifeq ($(SYSTEMD),no)
  EXCLUDED := src/source/timesyncd/timesyncd.c src/source/timesyncd/bus.c src/source/timesyncd/timesync_bus.c
  LEFT_OUT += timesyncd (libsystemd)
  LEFT_OUT_PACKAGES += $(SYSTEMD_PACKAGE)
else
  EXCLUDED := src/source/timesyncd/timesyncd_none.c
  SYSTEMD_CFLAGS := $(shell $(PKG_CONFIG) --cflags libsystemd)
  SYSTEMD_LIBS := $(shell $(PKG_CONFIG) --libs libsystemd)
endif

# Only the plug-in uses libcurl: the program itself is not linked against it.
ifndef CURL
  CURL := $(shell $(PKG_CONFIG) --exists libcurl 2>/dev/null && echo yes || echo no)
  CURL_PACKAGE := libcurl4-openssl-dev
endif

# Rooms, and the rooms within them.
C_SOURCES := $(wildcard src/*.c src/*/*.c src/*/*/*.c)
EXCLUDED += $(wildcard src/output/plugin/*.c)
ifeq ($(CURL),no)
  EXCLUDED += src/output/http.c
  LEFT_OUT += http (libcurl)
  LEFT_OUT_PACKAGES += $(CURL_PACKAGE)
else
  EXCLUDED += src/output/http_none.c
  PLUGINS := $(BUILD)/plugins/http.so
  CURL_CFLAGS := $(shell $(PKG_CONFIG) --cflags libcurl)
  CURL_LIBS := $(shell $(PKG_CONFIG) --libs libcurl)
  # For dlopen before glibc 2.34; later an empty archive.
  DLOPEN_LIBS := -ldl
endif

# --- flags ----------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
  -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wwrite-strings -Wundef -Wvla \
  -Werror=format-security $(if $(WERROR),-Werror)

CFLAGS ?= -O2 -g
# Distributions set _FORTIFY_SOURCE themselves; sanitizers exclude it.
FORTIFY := -U_FORTIFY_SOURCE $(if $(SANITIZE)$(COVERAGE),,-D_FORTIFY_SOURCE=3)
HARDENING := $(FORTIFY) -fstack-protector-strong -fstack-clash-protection -fPIE
, := ,
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(,)undefined -fno-sanitize-recover=all \
  -fno-omit-frame-pointer)
SANITIZED := $(if $(SANITIZE),$(BUILD)/tests/lab/no_leak_check.o)
# Not optimised, so that branches are the source's. _exit is wrapped, since it would lose the counters.
ifneq ($(COVERAGE),)
  CFLAGS := -O0 -g -Wno-format-truncation
  SANITIZERS += --coverage -fprofile-abs-path -fprofile-update=atomic
  COUNTED := $(BUILD)/tests/coverage/exit.o
endif

ALL_CPPFLAGS := -D_GNU_SOURCE -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 \
  -DNTP_MONITOR_VERSION='"$(VERSION)"' -DGUARD_GRACE_MS=$(if $(SANITIZE),1000,50) \
  -Iinclude -Isrc $(SYSTEMD_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 $(WARNINGS) $(HARDENING) $(SANITIZERS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(SANITIZERS) \
  $(CFLAGS) $(LDFLAGS)
# inih's archive where it exists: for 5 KiB of code a shared library would cost nine system calls at each start.
# INIH_LIBS=-linih selects the shared one.
INIH_LIBS ?= $(if $(wildcard $(shell $(CC) -print-file-name=libinih.a)),-l:libinih.a,-linih)
LIBS := $(SYSTEMD_LIBS) $(INIH_LIBS) $(DLOPEN_LIBS) $(if $(COUNTED),-Wl$(,)--wrap=_exit $(COUNTED))

# --- the program ----------------------------------------------------------

SOURCES := $(filter-out $(EXCLUDED),$(C_SOURCES))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libntp_monitor.a
PROGRAM := $(BUILD)/ntp_monitor

.PHONY: all
all: $(PROGRAM) $(PLUGINS)
	@echo '$(LEFT_OUT)' | cmp -s - $(BUILD)/left_out || { echo '$(LEFT_OUT)' > $(BUILD)/left_out; $(SAY_LEFT_OUT); }

# Printed once per build, with the (Debian) packages for what was not found.
SAY_LEFT_OUT = $(if $(LEFT_OUT),echo 'left out of this build: $(LEFT_OUT)$(if $(strip $(LEFT_OUT_PACKAGES)),; \
  to have it: sudo apt install $(strip $(LEFT_OUT_PACKAGES)))',:)

# Changes only with the flags or the compiler, and then everything is rebuilt.
define CHECK_TOOLS
if ! command -v $(firstword $(CC)) >/dev/null; then \
  echo "no compiler ($(firstword $(CC))) here: make deps says or installs what building needs"; exit 1; \
elif ! echo '#include <ini.h>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1; then \
  echo "no ini.h here: make deps says or installs what building needs"; exit 1; fi
endef

FLAGS := $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) | $(ALL_LDFLAGS) $(LIBS) | $(sort $(SOURCES)) | $(CURL_CFLAGS) $(CURL_LIBS)
$(BUILD)/flags: FORCE
	@[ -e $@ ] || { $(CHECK_TOOLS); }
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
	  printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(OWN_CPPFLAGS) $(ALL_CFLAGS) -MD -MP -c -o $@ $<

# The only file that knows where plug-ins are: another PREFIX rebuilds no other.
$(BUILD)/plugindir: FORCE
	@mkdir -p $(@D)
	@echo '$(PLUGINDIR)' | cmp -s - $@ || { rm -f $@ && echo '$(PLUGINDIR)' > $@; }
$(BUILD)/src/output/http.o: $(BUILD)/plugindir
$(BUILD)/src/output/http.o: OWN_CPPFLAGS = -DNTP_MONITOR_PLUGINS='"$(PLUGINDIR)"'

$(LIBRARY): $(filter-out $(BUILD)/src/main.o,$(OBJECTS)) $(BUILD)/flags
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(PROGRAM): $(BUILD)/src/main.o $(SANITIZED) $(LIBRARY) $(COUNTED)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(BUILD)/src/main.o $(SANITIZED) $(LIBRARY) $(LIBS)

# A plug-in uses nothing of the program, which opens it and takes one const struct from it.
$(BUILD)/plugins/%.so: src/output/plugin/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(CURL_CFLAGS) $(ALL_CFLAGS) -fPIC -MD -MP -MF $@.d \
	  $(filter-out -pie,$(ALL_LDFLAGS)) -shared -o $@ $< $(CURL_LIBS)

-include $(OBJECTS:.o=.d) $(PLUGINS:=.d)

# --- the first reading --------------------------------------------------------

# Without a time service (in a container, a fresh virtual machine) there is nothing to read: UNKNOWN, status 3. So a
# newcomer also gets a real reading from the lab.
.PHONY: run
run: all build/tests/lab/ntp_server build/tests/lab/loopback_up
	@$(PROGRAM) -o text; status=$$?; \
	if [ $$status = 3 ]; then \
	  tests/lab/demo.sh $(abspath $(PROGRAM)) -o text -l none; status=$$?; \
	  [ $$status -gt 3 ] || echo "That was the sandbox's clock; the first report is about yours."; \
	fi; \
	[ $$status -le 3 ] || exit $$status; \
	echo "To see each step of a reading: $(PROGRAM) -d. To install it: sudo make install; then run ntp_monitor."

# --- installing -------------------------------------------------------------

UNITS := $(addprefix contrib/systemd/,ntp_monitor.service ntp_monitor.timer ntp_monitor-http.socket ntp_monitor-http@.service)
CATALOG := contrib/systemd/ntp_monitor.catalog
SYSUSERS := contrib/sysusers.d/ntp_monitor.conf
EXAMPLES := $(filter-out contrib/images/% $(UNITS) $(CATALOG) $(SYSUSERS),$(wildcard contrib/*/*))

# Text files, each with its folder. They name /usr/local, which PREFIX replaces in the installed copy.
TEXTS = man/ntp_monitor.1:$(MANDIR)/man1 man/ntp_monitor.conf.5:$(MANDIR)/man5 \
  $(addsuffix :$(UNITDIR),$(UNITS)) $(CATALOG):$(CATALOGDIR) $(SYSUSERS):$(SYSUSERSDIR) \
  ntp_monitor.conf.example:$(EXAMPLEDIR) \
  $(foreach example,$(EXAMPLES),$(example):$(call example_folder,$(example)))
example_folder = $(patsubst contrib/%/,$(EXAMPLEDIR)/%,$(dir $(1)))
EXAMPLE_FOLDERS = $(sort $(foreach example,$(EXAMPLES),$(call example_folder,$(example))))
EACH_TEXT = set -e; for text in $(TEXTS); do file=$${text%%:*}; folder="$(DESTDIR)$${text\#*:}"

define NEXT_STEPS
ntp_monitor is installed. To run it every five minutes from a systemd timer:
  sudo systemd-sysusers ntp_monitor.conf
  sudo systemctl enable --now ntp_monitor.timer
or from cron: ./install_config.sh --cron
Files for other programs are in $(EXAMPLEDIR); the first lines of each say how to use it.
endef
export NEXT_STEPS

.PHONY: install uninstall
install: all
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)"
	$(INSTALL) -m 0755 $(PROGRAM) "$(DESTDIR)$(BINDIR)/ntp_monitor"
	$(if $(PLUGINS),$(INSTALL) -d "$(DESTDIR)$(PLUGINDIR)" && $(INSTALL) -m 0644 $(PLUGINS) "$(DESTDIR)$(PLUGINDIR)")
	ln -sf ntp_monitor "$(DESTDIR)$(BINDIR)/ntp-monitor"
	@$(EACH_TEXT); $(INSTALL) -d "$$folder"; \
	  sed 's|/usr/local|$(PREFIX)|g' "$$file" | $(INSTALL) -m 0644 /dev/stdin "$$folder/$${file##*/}"; done
	@$(if $(DESTDIR),:,echo "$$NEXT_STEPS")

# systemctl cannot disable a unit that is gone. Debian 12 links to /lib, another name of /usr/lib.
uninstall:
	@if [ -z "$(DESTDIR)" ] && [ -n "$$(find /etc/systemd/system \( -lname '$(UNITDIR)/ntp_monitor*' -o \
	    -lname '$(UNITDIR:/usr/lib/%=/lib/%)/ntp_monitor*' \) 2>/dev/null)" ]; then \
	  echo "the timer or the socket is enabled; first: sudo systemctl disable --now ntp_monitor.timer ntp_monitor-http.socket"; \
	  exit 1; fi
	rm -f "$(DESTDIR)$(BINDIR)/ntp_monitor" "$(DESTDIR)$(BINDIR)/ntp-monitor" "$(DESTDIR)$(PLUGINDIR)/http.so"
	@$(EACH_TEXT); rm -f "$$folder/$${file##*/}"; done
	@for folder in $(EXAMPLE_FOLDERS) $(EXAMPLEDIR) $(dir $(EXAMPLEDIR)) $(PLUGINDIR) $(CATALOGDIR) $(UNITDIR) \
	  $(dir $(UNITDIR)) $(SYSUSERSDIR); do rmdir "$(DESTDIR)$$folder" 2>/dev/null || true; done
	@echo "configuration and crontab lines are taken back by: ./install_config.sh --uninstall"

# --- tests ------------------------------------------------------------------

# There is much to build for the tests, so all processors build it, unless -j says otherwise.
ifneq ($(filter check unit golden test compilers variants ci,$(MAKECMDGOALS)),)
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
  MAKEFLAGS += -j$(shell nproc)
endif
endif

# Without libsystemd there is no source timesyncd to test.
ifeq ($(SYSTEMD),no)
  UNIT_LEFT_OUT := tests/unit/test_bus_%.c tests/unit/test_timesync_bus.c
  SYSTEM_TESTS := $(addprefix tests/system/,nosystemd.bats config.bats docs.bats)
else
  # Sanitizers find nothing more in the build, in texts, in other programs that read a report, in what no sanitizer
  # survives (privilege, valgrind), or in hostile texts beyond fuzz.sh. With libcurl's libraries and threads (influx)
  # the leak checker takes longer than a run may. Counters also exclude suites that compare system calls with a list,
  # or take too long.
  NOT_SANITIZED := build contrib docs hostile influx install monitors privilege stores valgrind
  NOT_COUNTED := build docs hostile install privilege valgrind
  SYSTEM_TESTS := $(filter-out $(patsubst %,tests/system/%.bats,nosystemd $(if $(SANITIZE),$(NOT_SANITIZED)) \
    $(if $(COVERAGE),$(NOT_COUNTED))),$(wildcard tests/system/*.bats))
endif
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(UNIT_LEFT_OUT),$(wildcard tests/unit/test_*.c)))
# Unit tests that ONLY does not match are not built either; tests/run.sh matches their names as well.
quoted = '$(subst ','\'',$(1))'
# A pattern may contain $, which make would expand.
override ONLY := $(value ONLY)
ifneq ($(ONLY),)
UNIT_TESTS := $(shell printf '%s\n' $(UNIT_TESTS) | grep -E -e '[^/]*$$' -o | grep -E -e $(call quoted,$(ONLY)))
UNIT_TESTS := $(UNIT_TESTS:%=$(BUILD)/tests/unit/%)
endif
# Programs of the lab and the benchmark are the tests' own: sanitizers are only for what is tested.
LAB_PROGRAMS := $(addprefix $(BUILD)/tests/lab/,ntp_server bad_bus fake_timesync1 http_server loopback_up liar hung_fs)
BENCH_PROGRAMS := $(addprefix $(BUILD)/tests/bench/,side_by_side floor empty)

$(BUILD)/tests/unit/%: tests/unit/%.c $(LIBRARY) $(COUNTED)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) -I. $(ALL_CFLAGS) -MD -MP $(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS) -lcmocka

$(BUILD)/tests/lab/%: SANITIZERS :=
$(BUILD)/tests/bench/%: SANITIZERS :=
$(BUILD)/tests/lab/ntp_server: $(addprefix $(BUILD)/tests/lab/,settings.o ntp_rules.o)
$(BUILD)/tests/lab/fake_timesync1: $(addprefix $(BUILD)/tests/lab/,settings.o timesync1.o)
$(LAB_PROGRAMS) $(BENCH_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(SYSTEMD_LIBS)

-include $(UNIT_TESTS:=.d) $(wildcard $(BUILD)/tests/lab/*.d $(BUILD)/tests/bench/*.d)

.PHONY: unit check lab
unit: $(UNIT_TESTS)
	@BUILD=$(BUILD) ONLY=$(call quoted,$(ONLY)) tests/run.sh $(UNIT_TESTS)

# Records what the unit tests hear in tests/golden.txt; with ONLY, for the test programs it matches.
.PHONY: golden
golden: $(UNIT_TESTS)
	@rm -rf build/golden && mkdir build/golden
	@GOLDEN_RECORD=$(CURDIR)/build/golden ONLY=$(call quoted,$(ONLY)) tests/run.sh $(UNIT_TESTS)
	@tests/golden.sh $(CURDIR)/build/golden

.PHONY: programs
programs: $(LAB_PROGRAMS) $(BENCH_PROGRAMS)

# What the system tests need besides the program, once for all builds: always under build/. Not while that make runs here,
# since both write build/flags.
lab: all
	@$(MAKE) --no-print-directory BUILD=build SANITIZE= COVERAGE= SYSTEMD=yes programs
	@tests/lab/unpack.sh check

check: all $(UNIT_TESTS) lab
	@BUILD=$(BUILD) ONLY=$(call quoted,$(ONLY)) tests/run.sh $(LONG_SUITES) $(UNIT_TESTS) $(SYSTEM_TESTS)

.PHONY: bench
bench: all lab
	@tests/lab/enter.sh tests/bench/bench.sh $(abspath $(PROGRAM)) $(abspath build/tests/bench)

# --- lint and CI --------------------------------------------------------------

C_FILES := $(C_SOURCES) $(wildcard tests/*/*.c)
H_FILES := $(wildcard include/ntp_monitor/*.h src/*/*.h src/*/*/*.h tests/*/*.h)
SHELL_FILES := install_config.sh .ci/run .ci/packages .ci/elsewhere contrib/images/make.sh $(wildcard tests/*.sh tests/*/*.sh tests/*/*.bash)
TIDY_FILES := $(filter-out src/source/timesyncd/timesyncd_none.c src/output/http_none.c $(if $(PLUGINS),,src/output/plugin/http.c),$(C_SOURCES))

.PHONY: lint
lint: bugs-apply
	clang-format --dry-run --Werror $(C_FILES) $(H_FILES)
	printf '%s\n' $(TIDY_FILES) | xargs -P 2 -I {} clang-tidy --quiet --warnings-as-errors='*' {} -- -std=gnu17 $(ALL_CPPFLAGS) $(CURL_CFLAGS) 2>/dev/null
	printf '%s\n' $(TIDY_FILES) | xargs -n 1 -P 2 gcc -std=gnu17 $(ALL_CPPFLAGS) $(CURL_CFLAGS) -O0 -fanalyzer -Werror -c -o /dev/null
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	  --suppress=missingIncludeSystem -Iinclude -Isrc src
	shellcheck -x $(SHELL_FILES)
	shellcheck -x -s bats $(wildcard tests/*/*.bats)
	mandoc -T lint -W warning man/ntp_monitor.1 man/ntp_monitor.conf.5
	tests/rooms.pl

.PHONY: ci compilers variants
ci: compilers lint variants
compilers:
	$(MAKE) BUILD=build/gcc CC=gcc WERROR=1 all programs
	$(MAKE) BUILD=build/clang CC=clang WERROR=1 all programs
variants:
	$(MAKE) BUILD=build/asan SANITIZE=1 WERROR=1 check
	$(MAKE) BUILD=build/nosystemd SYSTEMD=no CURL=no WERROR=1 check

# The tests as an ordinary user, in a path of 200 characters.
.PHONY: elsewhere
elsewhere:
	.ci/elsewhere check

# Families of tests with targets of their own; they add their suites for `make check` to LONG_SUITES.
include $(wildcard tests/*/*.mk)

# One suite by the name of its file, and what it needs: make test FILE=docs [ONLY=pattern].
ALL_SUITES := $(LONG_SUITES) $(UNIT_TESTS) $(SYSTEM_TESTS)
TESTED := $(strip $(foreach name,$(patsubst test_%,%,$(basename $(notdir $(FILE)))),\
  $(filter %/test_$(name) %/$(name).bats %/$(name).sh,$(ALL_SUITES))))
.PHONY: test
test: $(filter $(UNIT_TESTS),$(TESTED)) $(if $(filter-out $(UNIT_TESTS),$(TESTED)),all lab) \
  $(foreach suite,$(TESTED),$(NEEDS_$(notdir $(suite))))
ifeq ($(TESTED),)
	@echo "make test FILE=NAME runs one suite$(if $(FILE),; '$(FILE)' is none of them,). The names:"
	@echo '$(sort $(patsubst test_%,%,$(basename $(notdir $(ALL_SUITES)))))' | fold -s -w 100
	@exit 1
else
	@BUILD=$(BUILD) ONLY=$(call quoted,$(ONLY)) tests/run.sh $(TESTED)
endif

# A quick check while working: the unit tests and suites named like what changed since BASE.
BASE ?= HEAD
.PHONY: check-fast
check-fast: all
	@MAKE='$(MAKE)' tests/fast.sh '$(BASE)'

# For editors: clangd looks for it in build/.
COMPDB := build/compile_commands.json
.PHONY: compdb
compdb:
	@mkdir -p build
	@for file in $(C_SOURCES) $(wildcard tests/*/*.c); do \
	  printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(CURL_CFLAGS) -I. $(ALL_CFLAGS) -c)' | sed 's/["\\]/\\&/g' | \
	    { read -r command; printf '{"directory": "%s", "file": "%s", "command": "%s %s"}\n' '$(CURDIR)' "$$file" "$$command" "$$file"; }; \
	done | sed '1s/^/[/; $$!s/$$/,/; $$s/$$/]/' > $(COMPDB)
	@echo '$(COMPDB)'

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: FORCE
FORCE:

endif
