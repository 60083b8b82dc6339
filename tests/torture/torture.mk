# The long forms of what make check runs in part, and what other tools do in the same faults.
.PHONY: torture
torture: faults torture-sweep torture-beside
