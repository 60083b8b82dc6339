# The fault matrix: make faults [ONLY=B9]; make faults-broken shows that its rows can fail.

# A peer of the tests' own, which says what no real one does.
BAD_PEER := $(BUILD)/tests/torture/bad_peer
$(BAD_PEER): $(BUILD)/tests/torture/bad_peer.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

programs: $(BAD_PEER)

ifneq ($(SYSTEMD),no)
LONG_SUITES += tests/torture/faults.sh
endif

.PHONY: faults faults-broken
faults: all lab
	@BUILD=$(BUILD) ONLY='$(ONLY)' tests/torture/faults.sh

faults-broken: lab
	@ONLY='$(ONLY)' tests/torture/faults_broken.bash
