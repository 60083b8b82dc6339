# The long forms of what make check has a part of, and what other tools do in the same faults.
.PHONY: torture
torture: faults torture-sweep torture-beside
