# mailchute - see README.md.  GNU make; no configure step: "make help" lists targets.
VERSION := 0.1.0
B       ?= build

PREFIX        ?= /usr/local
SYSCONFDIR    ?= $(PREFIX)/etc
LOCALSTATEDIR ?= /var
RUNSTATEDIR   ?= /run
LIBEXECDIR    ?= $(PREFIX)/libexec
MANDIR        ?= $(PREFIX)/share/man
-include config.mak

PKG     := gnutls libgsasl nettle libidn2
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
           -Wwrite-strings -Wpointer-arith -Werror=implicit-function-declaration $(if $(WERROR),-Werror)
FORTIFY := $(shell echo 'int main(void){return 0;}' | $(CC) -Werror -O2 -D_FORTIFY_SOURCE=3 -include string.h -x c -c -o /dev/null - 2>/dev/null && echo 3 || echo 2)
HARDEN  := -fPIE -fstack-protector-strong $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY))
PATHS    = -DSYSCONFDIR='"$(SYSCONFDIR)"' -DLOCALSTATEDIR='"$(LOCALSTATEDIR)"' -DRUNSTATEDIR='"$(RUNSTATEDIR)"' \
           -DLIBEXECDIR='"$(LIBEXECDIR)"'
PKG_CFLAGS := $(shell pkg-config --cflags $(PKG) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKG) 2>/dev/null)
COMPILE  = $(CC) -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(PATHS) -I$B -Isrc -Icompat $(WARN) $(HARDEN) \
           $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(addprefix -fsanitize=,$(SAN))
LINK     = $(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) $(addprefix -fsanitize=,$(SAN))

SRC   := $(wildcard src/*/*.c compat/*.c)
OBJ   := $(SRC:%.c=$B/%.o)
LIB   := $B/libmailchute.a
UNIT  := $(patsubst %.c,$B/%,$(wildcard tests/unit/test_*.c))
FUZZ  := $(patsubst %.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
PROBE := $(patsubst %.c,$B/%.h,$(wildcard compat/probe/*.c))

all: $B/mailchute                  ## build the program into $(B)/
.PHONY: all check clean help
.SECONDARY:

$B/mailchute: $B/src/mailchute.o $(LIB)
	$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)
$(LIB): $(OBJ)
	rm -f $@ && $(AR) rcs $@ $^
$B/%.o: %.c | $B/config.h
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# Feature probes: compat/probe/NAME.c links => HAVE_NAME; compat/NAME.c guards itself on it.
$B/config.h: $(PROBE)
	cat $^ /dev/null >$@
$B/compat/probe/%.h: compat/probe/%.c
	@mkdir -p $(@D)
	@if $(if $(FORCE_COMPAT),false &&) $(COMPILE) -Werror $(LDFLAGS) -o $(@:.h=.out) $< 2>$(@:.h=.log); \
	then echo '#define HAVE_$* 1'; else echo '/* no $* */'; fi >$@

$B/tests/unit/test_%: $B/tests/unit/test_%.o $(LIB)
	$(LINK) -o $@ $^ $(PKG_LIBS) $(shell pkg-config --libs check)
$B/tests/fuzz/fuzz_%: $B/tests/fuzz/fuzz_%.o $(LIB)
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

check: $(UNIT:=.ok)                ## unit tests and dialogues, quiet when all is well
%.ok: %
	$< && touch $@
clean:                             ## remove $(B)/
	rm -rf $B
help:                              ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find $B -name '*.d' 2>/dev/null)
