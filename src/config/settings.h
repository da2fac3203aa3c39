#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
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
	struct strv rewrite;                /* pattern, address, pattern, address ... */
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

/* One mail server and how to use it. */
struct account {
	char *name;                         /* "default" where the file names none */
	struct strv hosts;                  /* "NAME", "NAME:PORT", "[IPv6]:PORT", "srv:DOMAIN" */
	unsigned short port;                /* 0: account_port() knows */
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
	struct strv from;                   /* addresses and patterns */
	char *from_full_name;
	enum set_from set_from_header;
	bool allow_from_override, undisclosed_recipients;
	char *domain;                       /* EHLO name; NULL: FQDN, else [address] */
	unsigned dsn_notify;                /* set of enum dsn_notify; 0: off */
	int  dsn_return;                    /* enum dsn_return */
	int64_t timeout, connect_timeout;
	uint64_t connections;
	uint64_t rate;                      /* N of N/PERIOD; 0: off */
	int64_t rate_period;
};

#endif
