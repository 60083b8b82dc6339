# The fault matrix: make faults [ONLY=B9].

# A peer of the tests' own that sends what no real one does.
BAD_PEER := $(BUILD)/tests/torture/bad_peer
$(BAD_PEER): $(BUILD)/tests/torture/bad_peer.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

programs: $(BAD_PEER)

# With sanitizers the matrix takes longer than everything else: run make BUILD=build/asan SANITIZE=1 faults by hand.
ifeq ($(SANITIZE)$(filter no,$(SYSTEMD)),)
LONG_SUITES += tests/torture/faults.sh
endif

.PHONY: faults
faults: all lab
	@BUILD=$(BUILD) ONLY='$(ONLY)' tests/torture/faults.sh
