#ifndef CONFIG_KIND_H
#define CONFIG_KIND_H

#include "config/settings.h"

/*
 * The kinds of values that keys have: how one is read and checked, shown again,
 * and unset.  `parse` gets a value that is not empty; its failures are EX_CONFIG
 * with the reason alone.  `show` adds nothing for what is unset.
 */
struct kind {
	bool (*parse)(const struct setting *s, void *field, const char *value,
		const struct origin *at, struct status *st);
	void (*show)(const struct setting *s, const void *field, struct strv *values);
	void (*clear)(void *field);
};

extern const struct kind
	kind_flag,         /* bool: the index in `words`; off and on without */
	kind_word,         /* an enum: the index in `words` */
	kind_return,       /* int: enum dsn_return */
	kind_notify,       /* unsigned: set of enum dsn_notify */
	kind_syslog,       /* int: a facility, -1 for none */
	kind_duration, kind_size, kind_count, kind_positive, kind_port, kind_rate;

/* char * */
extern const struct kind
	kind_text,
	kind_secret,       /* any octets, wiped */
	kind_path,         /* `~` is the passwd home; relative to the naming file's directory */
	kind_device,       /* a path, or a URI such as pkcs11: */
	kind_system,       /* a path; `system` is NULL */
	kind_log,          /* a path; `-` is itself */
	kind_credential,   /* a path; a relative one is kept for $CREDENTIALS_DIRECTORY */
	kind_address, kind_sender, kind_ip, kind_host, kind_listen,
	kind_expand,       /* text with the %-substitutions of words[0] */
	kind_priorities;

/* struct strv */
extern const struct kind
	kind_paths, kind_hosts, kind_domains, kind_patterns, kind_fingerprints,
	kind_mechanisms,   /* of `words`, or ON */
	kind_from,         /* addresses and patterns, with the %-substitutions of words[0] */
	kind_rewrite, kind_limit, kind_allow_from;

/* No field: takes the `words` that say what is so anyway, refuses others with `advice`. */
extern const struct kind kind_fixed;

/* Whether an address of `from` and the like is a pattern: it holds `*`, `?` or a `[` that starts no domain literal. */
bool kind_is_pattern(const char *text);

#endif
