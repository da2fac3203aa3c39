# mailchute - see README.md.  GNU make; no configure step: "make help" lists targets.
VERSION := 0.1.0
B       ?= build

PREFIX        ?= /usr/local
SYSCONFDIR    ?= $(PREFIX)/etc
LOCALSTATEDIR ?= /var
RUNSTATEDIR   ?= /run
LIBEXECDIR    ?= $(PREFIX)/libexec
DATADIR       ?= $(PREFIX)/share
MANDIR        ?= $(DATADIR)/man
-include config.mak

PKG     := gnutls libgsasl nettle libidn2
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
           -Wwrite-strings -Wpointer-arith -Werror=implicit-function-declaration $(if $(WERROR),-Werror)
FORTIFY := $(shell echo 'int main(void){return 0;}' | $(CC) -Werror -O2 -D_FORTIFY_SOURCE=3 -include string.h -x c -c -o /dev/null - 2>/dev/null && echo 3 || echo 2)
HARDEN  := -fPIE -fstack-protector-strong $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY))
BINDIR   = $(PREFIX)/bin
PATHS    = -DBINDIR='"$(BINDIR)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' -DLOCALSTATEDIR='"$(LOCALSTATEDIR)"' -DRUNSTATEDIR='"$(RUNSTATEDIR)"' \
           -DLIBEXECDIR='"$(LIBEXECDIR)"'
PKG_CFLAGS := $(shell pkg-config --cflags $(PKG) 2>/dev/null)
# SRV records; some libcs have it in themselves and an empty library of that name.
PKG_LIBS   := $(shell pkg-config --libs $(PKG) 2>/dev/null) -lresolv
COMPILE  = $(CC) -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(PATHS) -I$B -Isrc -Icompat $(WARN) $(HARDEN) \
           $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(addprefix -fsanitize=,$(SAN))
LINK     = $(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) $(addprefix -fsanitize=,$(SAN))

SRC   := $(wildcard src/*/*.c compat/*.c)
OBJ   := $(SRC:%.c=$B/%.o)
LIB   := $B/libmailchute.a
UNIT  := $(patsubst %.c,$B/%,$(wildcard tests/unit/test_*.c))
FUZZ  := $(patsubst %.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
PEER  := $(patsubst %.c,$B/%.o,$(filter-out tests/peer/main.c,$(wildcard tests/peer/*.c)))
PROBE := $(patsubst %.c,$B/%.h,$(wildcard compat/probe/*.c))

# "make demo" and "make check" fetch what they need themselves: where the libraries
# are missing they are installed first and make starts anew.
ifneq ($(shell pkg-config --exists $(PKG) check 2>/dev/null && echo yes)$(READY),)
all: $B/mailchute $B/sendmail      ## build the programs into $(B)/
else
all: $B/mailchute $B/sendmail
demo check:
	packaging/deps build
	$(MAKE) -j"$$(nproc)" READY=yes $@
endif
.PHONY: all deps demo check check-compat check-asan check-valgrind check-system check-full \
	fuzz fuzz-programs lint lint-clang cov bench install uninstall deb clean help
.SECONDARY:

$B/mailchute: $B/src/mailchute.o $(LIB)
	$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)
# What callers run: libc alone, so that every call starts fast.
$B/sendmail: $B/src/sendmail.o $(LIB)
	$(LINK) -o $@ $^ $(LDLIBS)
$(LIB): $(OBJ)
	rm -f $@ && $(AR) rcs $@ $^
$B/%.o: %.c $B/flags | $B/config.h
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# Other paths or flags than last time: compile anew.
$B/flags: $(if $(filter-out 0,$(shell echo '$(subst ','\'',$(COMPILE))' | cmp -s - $B/flags; echo $$?)),force)
	@mkdir -p $B && echo '$(subst ','\'',$(COMPILE))' >$@
.PHONY: force
# Feature probes: compat/probe/NAME.c links => HAVE_NAME; compat/NAME.c guards itself on it.
$B/config.h: $(PROBE)
	cat $^ /dev/null >$@
$B/compat/probe/%.h: compat/probe/%.c
	@mkdir -p $(@D)
	@if $(if $(FORCE_COMPAT),false &&) $(COMPILE) -Werror $(LDFLAGS) -o $(@:.h=.out) $< 2>$(@:.h=.log); \
	then echo '#define HAVE_$* 1'; else echo '/* no $* */'; fi >$@

$B/tests/unit/test_%: $B/tests/unit/test_%.o $(LIB)
	$(LINK) -o $@ $^ $(PKG_LIBS) $(shell pkg-config --libs check)
$B/tests/unit/test_strict: $B/tests/peer/strict.o
$B/tests/fuzz/fuzz_%: $B/tests/fuzz/fuzz_%.o $(LIB)
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$B/tests/peer/peer: $B/tests/peer/main.o $(PEER) $(LIB)
	$(LINK) -o $@ $^ $(PKG_LIBS)
$B/tests/cases/run: $(patsubst %.c,$B/%.o,$(wildcard tests/cases/*.c)) $(PEER) $(LIB)
	$(LINK) -o $@ $^ $(PKG_LIBS)

# The small sendmail beside this mailchute, where no daemon is.
$B/tests/front/sendmail.o: src/sendmail.c $B/flags | $B/config.h
	@mkdir -p $(@D)
	$(COMPILE) -UBINDIR -DBINDIR='"$B"' -URUNSTATEDIR -DRUNSTATEDIR='"$(@D)"' -MMD -MP -c -o $@ $<
$B/tests/front/sendmail: $B/tests/front/sendmail.o $(LIB)
	$(LINK) -o $@ $^ $(LDLIBS)

$B/tests/bench/measure: tests/bench/measure.c $B/flags
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $<

deps:                              ## install what building and testing need (apt, dnf, apk)
	packaging/deps all
ifneq ($(shell pkg-config --exists $(PKG) check 2>/dev/null && echo yes)$(READY),)
demo: $B/mailchute $B/tests/peer/peer ## send a message to a mail server of our own and watch
	tests/demo $B
check: check-unit check-cases check-needed ## unit tests and dialogues, quiet when all is well
endif
# A sanitizer brings libraries of its own.
check-needed: $B/sendmail
	$(if $(SAN),,tests/lint/needed $<)
CALLS = $(shell grep -L mailchute tests/cases/call/*.case)
check-cases: $B/mailchute $B/tests/front/sendmail $B/tests/cases/run
	$(if $(SAN),LSAN_OPTIONS=suppressions=$(CURDIR)/tests/cases/lsan:print_suppressions=0) \
		$B/tests/cases/run $(if $(SAN),-s 5) -p $B/mailchute tests/cases && \
		$B/tests/cases/run $(if $(SAN),-s 5) -p $B/tests/front/sendmail tests/cases/body tests/cases/callers $(CALLS)
check-unit: $(UNIT:=.ok)
	@cat $(UNIT:=.ok) /dev/null | awk -F '[:,]' '/^[0-9]+%: Checks/ { n += $$3 } END { printf "unit: %d passed, 0 failed\n", n }'
%.ok: %
	@CK_VERBOSITY=normal CK_DEFAULT_TIMEOUT=60 $(RUN) $< >$@.log 2>&1 || { cat $@.log; false; }
	@mv $@.log $@
check-compat:                      ## the same tests with every compat function in use
	$(MAKE) B=$B/compat FORCE_COMPAT=1 check
check-asan:                        ## the same tests under ASan and UBSan
	$(MAKE) B=$B/asan SAN=address,undefined CFLAGS='-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all' check
check-valgrind:                    ## the unit tests under valgrind
	$(MAKE) B=$B/valgrind CFLAGS='-O1 -g' RUN='env CK_FORK=no valgrind -q --error-exitcode=9 --leak-check=full --suppressions=tests/lint/valgrind.supp' check-unit
check-system: all $B/tests/peer/peer ## real servers on loopback, a fresh system: a sample
	tests/system/run sample
check-full: all $B/tests/peer/peer   ## all of it
	tests/system/run all
fuzz-programs: $(FUZZ)
fuzz:                              ## build and run every fuzzer for FUZZTIME seconds
	$(MAKE) B=$B/fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzz-programs
	for f in $(FUZZ:$B/tests/fuzz/fuzz_%=%); do mkdir -p $B/corpus/$$f; \
		$B/fuzz/tests/fuzz/fuzz_$$f -verbosity=0 -print_final_stats=0 -max_total_time=$(or $(FUZZTIME),60) \
			$B/corpus/$$f $$(ls -d tests/fuzz/corpus/$$f 2>/dev/null) || exit 1; done
lint:                              ## static analysis, headers, layers, man pages, scripts
	@for h in $$(find src -name '*.h'); do $(COMPILE) -Werror -fsyntax-only -x c $$h || exit 1; done
	@cppcheck -q --error-exitcode=1 --enable=warning,portability --inline-suppr --library=tests/lint/cppcheck.cfg \
		-I$B -Isrc -Icompat -D_GNU_SOURCE -i compat/probe src compat
	@awk -f tests/lint/layers.awk tests/lint/layers $(wildcard src/*/*.[ch])
	@mandoc -Tlint -W warning $(wildcard man/*.[1-8])
	@tests/lint/words
cov:                               ## line and branch coverage of "make check"
	$(MAKE) B=$B/cov FORTIFY=0 CFLAGS='-O0 -g --coverage' check
	lcov -q -c -d $B/cov -o $B/cov/lcov.info && lcov -q -r $B/cov/lcov.info '/usr/*' '*/tests/*' -o $B/cov/lcov.info && lcov -l $B/cov/lcov.info
bench: all $B/tests/front/sendmail $B/tests/bench/measure ## speed beside that of others, in one run
	B=$B tests/bench/run
DEB_VERSION ?= $(VERSION)
deb:                               ## build a Debian package into $(B)/deb
	packaging/deb $B/deb $(DEB_VERSION)

MAN := $(wildcard man/*.[1-8])
to   = $(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))
# Units and the like, FROM:TO, with @BINDIR@ and the other paths filled in.
SYSTEMUNITDIR ?= $(PREFIX)/lib/systemd/system
USERUNITDIR   ?= $(PREFIX)/lib/systemd/user
FILLED := $(foreach u,$(wildcard packaging/systemd/system/*),$u:$(SYSTEMUNITDIR)/$(notdir $u)) \
          $(foreach u,$(wildcard packaging/systemd/user/*),$u:$(USERUNITDIR)/$(notdir $u)) \
          packaging/sysusers.conf:$(PREFIX)/lib/sysusers.d/mailchute.conf \
          packaging/tmpfiles.conf:$(PREFIX)/lib/tmpfiles.d/mailchute.conf \
          packaging/apparmor:$(SYSCONFDIR)/apparmor.d/mailchute-serve \
          packaging/mailchute.conf:$(DATADIR)/mailchute/mailchute.conf \
          $(if $(filter openrc,$(INIT)),packaging/openrc:$(SYSCONFDIR)/init.d/mailchute)
FILL = sed $(foreach d,BINDIR SYSCONFDIR LOCALSTATEDIR RUNSTATEDIR,-e 's,@$d@,$($d),g')
SENDMAIL := $(PREFIX)/sbin/sendmail
# Its other names, and what each is a link to.
LINKS := $(PREFIX)/lib/sendmail $(BINDIR)/mailq $(BINDIR)/newaliases
# Where the shells look, and the shell: they find a file by the command's name.
COMPLETION := bash:bash-completion/completions/mailchute zsh:zsh/site-functions/_mailchute \
              fish:fish/vendor_completions.d/mailchute.fish
SENDMAIL_COMPLETION := bash-completion/completions/sendmail fish/vendor_completions.d/sendmail.fish
install: all                       ## install under $(DESTDIR)$(PREFIX)
	install -D -m 755 $B/mailchute $(DESTDIR)$(BINDIR)/mailchute
	install -D -m 755 $B/sendmail $(DESTDIR)$(SENDMAIL)
	for l in $(LINKS); do mkdir -p $(DESTDIR)$${l%/*} && ln -sf ../sbin/sendmail $(DESTDIR)$$l || exit 1; done
	$(foreach m,$(MAN),install -D -m 644 $m $(call to,$m) &&) true
	for c in $(COMPLETION); do \
		$B/mailchute help --completion $${c%%:*} >$B/completion && \
		install -D -m 644 $B/completion $(DESTDIR)$(DATADIR)/$${c#*:} || exit 1; done
	for c in $(SENDMAIL_COMPLETION); do \
		ln -sf mailchute$${c##*sendmail} $(DESTDIR)$(DATADIR)/$$c || exit 1; done
	for f in $(FILLED); do \
		if [ -x $${f%%:*} ]; then mode=755; else mode=644; fi; \
		$(FILL) $${f%%:*} >$B/filled && install -D -m $$mode $B/filled $(DESTDIR)$${f#*:} || exit 1; done
uninstall:                         ## remove what install put there; configuration stays
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/mailchute $(SENDMAIL) $(LINKS)) $(foreach m,$(MAN),$(call to,$m))
	rm -f $(addprefix $(DESTDIR)$(DATADIR)/,$(SENDMAIL_COMPLETION) $(foreach c,$(COMPLETION),$(lastword $(subst :, ,$c))))
	rm -f $(addprefix $(DESTDIR),$(foreach f,$(FILLED),$(lastword $(subst :, ,$f))))
clean:                             ## remove $(B)/
	rm -rf $B
help:                              ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find $B -type f -name '*.d' 2>/dev/null)
