# The commands of this project; each one installs what it needs first.

# A lock that was installed already is recognised by its content.
RUN := .venv/installed-$(shell cksum < requirements.txt | cut -d ' ' -f 1)
DEV := .venv/installed-dev-$(shell cksum < requirements-dev.txt | cut -d ' ' -f 1)
INSTALL := .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r
LOCK := .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --all-extras

.PHONY: run test bench lint types messages lock

run: $(RUN)
	@exec .venv/bin/python -m portal.supervisor

test: $(DEV)
	@exec .venv/bin/python -m tests

bench: $(DEV)
	@exec .venv/bin/python -m tests.benchmarks

lint: $(DEV)
	@exec .venv/bin/python -m tests lint

types: $(DEV)
	@exec .venv/bin/python -m tests types

messages: $(DEV)
	@cd portal && ../.venv/bin/python ../manage.py makemessages --all --no-obsolete --add-location file
	@.venv/bin/python manage.py compilemessages --ignore .venv

lock: $(DEV)
	@.venv/bin/python -m pip install --quiet uv
	@$(LOCK) pyproject.toml --output-file requirements.txt
	@$(LOCK) pyproject.toml --group dev --output-file requirements-dev.txt

.venv/bin/pip:
	@python3 -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed.")'
	@echo "Making .venv …" && python3 -m venv --clear .venv

$(RUN): | .venv/bin/pip
	@echo "Installing the locked requirements …" && $(INSTALL) requirements.txt && touch $@

$(DEV): | .venv/bin/pip
	@echo "Installing the locked requirements for development …" && $(INSTALL) requirements-dev.txt && touch $@
