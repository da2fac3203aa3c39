#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/strv.h"

/*
 * Everything a configuration can say, as it holds after defaults, files and
 * environment.  The table in settings.c has a row a key: its name, where it may
 * stand, how its value is read, checked and printed, its default.
 *
 * Durations are milliseconds, 0 is "off"; sizes are octets, 0 is none.
 * A char * that was not set is NULL unless the comment says otherwise.
 */
enum deliver_mode { DELIVER_AUTO, DELIVER_NOW, DELIVER_QUEUE };
enum logformat { LOGFORMAT_TEXT, LOGFORMAT_JSON };

struct settings {
	enum deliver_mode deliver;
	int64_t try_for;
	char *spool, *submit;               /* never NULL after loading */
	char *listen, *run_as;
	char *operator_address;
	struct strv aliases;                /* empty: off */
	char *maildomain;                   /* never NULL after loading */
	bool qualify, received, ignore_dots;
	struct strv masquerade;
	struct strv rewrite;                /* pattern, address, "" or where, pattern ... */
	char *redirect;
	struct strv allow_to;
	int64_t retry_min, retry_max, expire, warn;
	char *bounce_from;                  /* "" is the null sender */
	uint64_t max_message;
	uint64_t max_hops, quota_messages, quota_bytes;
	int  syslog;                        /* LOG_MAIL ...; -1: off */
	char *logfile;                      /* "-" is stderr */
	enum logformat logformat;
	struct strv limit, allow_from;      /* the checked value of each line */
};

enum set_from { SET_FROM_AUTO, SET_FROM_ON, SET_FROM_OFF };

/* So many in so long: N/PERIOD. */
struct rate {
	uint64_t count;                     /* 0: off */
	int64_t  period;
};

/* One mail server and how to use it. */
struct account {
	char *name;                         /* "default" where the file names none */
	struct strv hosts;                  /* "NAME", "NAME:PORT", "[IPv6]:PORT", "srv:DOMAIN" */
	unsigned short port;                /* 0: account_host() knows */
	bool lmtp;
	char *socket, *source_ip, *proxy_host;
	unsigned short proxy_port;
	char *maildir;
	bool tls, tls_starttls, tls_certcheck;
	char *tls_trust_file;               /* NULL: the system's */
	struct strv tls_fingerprint;
	char *tls_host_override, *tls_cert_file, *tls_key_file, *tls_priorities;
	struct strv auth;                   /* mechanisms, upper case; empty: off; "ON": the strongest */
	char *user, *password, *password_file, *passwordeval, *ntlmdomain;
	struct strv from;                   /* addresses and patterns, %U as it is */
	char *from_full_name;               /* %U and %F as they are */
	enum set_from set_from_header;
	bool allow_from_override, undisclosed_recipients;
	char *domain;                       /* EHLO name; NULL: FQDN, else [address] */
	unsigned dsn_notify;                /* set of enum dsn_notify; 0: off */
	int  dsn_return;                    /* enum dsn_return */
	int64_t timeout, connect_timeout;
	uint64_t connections;
	struct rate rate;

	/* What msmtp has per account and we have globally: after loading these
	   hold for the account, whether it set them itself or not. */
	struct strv aliases;
	char *logfile;
	int  syslog;

	/* msmtp's older way to say `from %U@DOMAIN`; spent after loading. */
	bool auto_from;
	char *maildomain;
};

/* Where a value stands, for errors and for relative file names. */
struct origin {
	const char *file;       /* or the environment variable's name */
	unsigned line;          /* 0: not from a file */
};

enum setting_scope { SCOPE_GLOBAL, SCOPE_ACCOUNT };

struct kind;

/* A row of the table. */
struct setting {
	const char *name;
	enum setting_scope scope;
	const struct kind *kind;
	size_t at;                  /* of the field in struct settings or struct account */
	const char *initial;        /* the default as a value; NULL: unset */
	const char *bare;           /* what the key alone means; NULL: it needs a value */
	const char *const *words;   /* the words it takes, NULL-ended; or the letters of %-substitutions */
	const char *advice;         /* what to use instead, where a value is refused */
	unsigned flags;             /* set of enum setting_flag */
};

enum setting_flag {
	SETTING_ADDS     = 1 << 0,  /* another line adds to what is there */
	SETTING_OFF      = 1 << 1,  /* "off" unsets it */
	SETTING_SECRET   = 1 << 2,  /* never printed; wiped */
	SETTING_COMMAND  = 1 << 3,  /* the shell reads it: no ${NAME} is replaced */
	SETTING_IGNORED  = 1 << 4,  /* known, and has no effect */
	SETTING_ALIAS    = 1 << 5,  /* msmtp's older key for something: not shown */
};

/* All rows, the global ones first. */
const struct setting *setting_table(size_t *n);

/* The row for a key where it stands; NULL if there is none. */
const struct setting *setting_find(const char *name, enum setting_scope scope);

/* The key that is nearest to a misspelt one, of either scope; NULL if none is near. */
const char *setting_nearest(const char *wrong);

/* The values that hold without a configuration, but for those that loading finds out. */
void settings_init(struct settings *s);
void settings_release(struct settings *s);
void account_init(struct account *a, const char *name);
void account_release(struct account *a);        /* wipes the secrets */

/*
 * Read and check `value` into the row's field of `base`, a struct settings or
 * struct account.  A failure is EX_CONFIG and names the place, the key, the
 * reason and the nearest right word; the field is then unset.
 */
bool setting_set(const struct setting *s, void *base, const char *value,
                 const struct origin *at, struct status *st);

/* Put "FILE:LINE: KEY: " in front of the text.  Always returns false. */
bool setting_during(struct status *st, const struct origin *at, const char *key);

/* Each key of a scope that is set, in the table's order, with what setting_show makes of it. */
void setting_each(enum setting_scope scope, const void *base,
                  void (*each)(void *arg, const struct setting *s, const struct strv *values), void *arg);

/* What the field says as values, a string for each line that a file would need; none if it is unset. */
void setting_show(const struct setting *s, const void *base, struct strv *values);

#endif
