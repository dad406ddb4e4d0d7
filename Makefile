# GridWall 网格指挥墙. `make run` shows the wall, `make test` proves it; both install what they need by themselves.
# Every recipe is one script, so that nothing is hidden in make.

.DEFAULT_GOAL := help
.PHONY: help run test bench soak fmt lint shots load machines setup notices clean

help:            ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run:             ## open the wall on the demonstration district (no display: serve it, print the address)
	@scripts/run.sh

test:            ## everything CI checks, with the minutes of each stage
	@scripts/test.sh

bench:           ## criterion benches of wall-core with ratios to the plain way; a whole wall with 1,000,000 tickets
	@scripts/bench.sh

soak:            ## property tests and every parser's fuzz target on new cases, an hour a target (or MINUTES=n for all)
	@scripts/soak.sh $(MINUTES)

fmt:             ## format Rust and the user interface
	@scripts/setup.sh ui-packages
	cargo fmt --all
	cd ui && npm run --silent lint -- --fix

lint:            ## format check, invariants, clippy, ESLint, vue-tsc, licences
	@scripts/test.sh lint

shots:           ## screenshots of the served wall into docs/screenshots/
	@scripts/shots.sh

load:            ## 1,000 tickets a second for 60 s against a wall of its own; prints rates and memory
	@scripts/load.sh

machines:        ## several machines in network namespaces (root): links cut, a server and the database killed; what was acknowledged against what is on disk
	@scripts/machines.sh

setup:           ## install what `run` and `test` need
	@scripts/setup.sh test

notices:         ## write THIRD-PARTY.md anew, and the bill of materials (CycloneDX) to target/gridwall.cdx.json
	@scripts/setup.sh ui-packages
	node scripts/licences.mjs --write
	node scripts/sbom.mjs

clean:           ## remove what building made; keeps the wall's data
	rm -rf ui/dist ui/node_modules
	cargo clean
